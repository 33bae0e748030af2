"""One experiment: a method on a task, every choice resolved and checked."""

import functools
from collections.abc import Mapping
from typing import Any

from adapt import outputs, validators
from adapt.augment import named_views
from adapt.catalogue import Bound
from adapt.evaluation.decision import ARGMAX
from adapt.experiments.choices import Choices
from adapt.experiments.points import points
from adapt.experiments.suite import LEAVE_ONE_OUT
from adapt.method import Method
from adapt.records import identity
from adapt.training import optimizers
from adapt.training.setup import Point


class Experiment(Choices):
  """One method on one task, as `resolve` makes it.

  What follows from the choices is made once, when it is first asked for, and again for an experiment
  of other choices, as `_replace` makes it.
  """

  @functools.cached_property
  def points(self) -> tuple[Point, ...]:
    """The records that it makes.

    Raises ValueError for choices that have no meaning.
    """
    return tuple(points(self))

  @functools.cached_property
  def traits(self) -> Method:
    """The method without a network, to query what it reads."""
    return self.setup.traits(self.points)

  @functools.cached_property
  def sources(self) -> dict[str, Any]:
    """What `code` is of, by kind.

    Optimizers and views that come with packages are known by their names.
    """
    entries = {n: getattr(self, n) for n in ("method", "model", "weighting", "tuning")}
    found = {n: e.origin or e.factory for n, e in entries.items() if e is not None}
    found["optimizer"] = optimizers.source(self.optimizer)
    if self.output != outputs.CLASSES:
      found["output"] = self.output.factory
    found["augment"] = named_views.source(self.settings.augment)
    found |= {f"validator {name}": factory for name, factory in validators.plugged().items()}
    return {kind: source for kind, source in found.items() if source is not None}

  @functools.cached_property
  def code(self) -> dict[str, str]:
    """Digests of the source of what the numbers come from, by kind."""
    known = {kind: identity.digest(source) for kind, source in self.sources.items()}
    return {name: digits for name, digits in known.items() if digits is not None}

  def config(self, point: Point, data: Mapping[str, str]) -> dict[str, Any]:
    """Everything that determines the numbers; compared when a record exists already.

    Args:
      point: of which record.
      data: digests of the data, by domain.
    """
    # point.lr may be swept
    warm: dict[str, Any] = {}
    if self.start == "source":
      own = {"source_model": self.source_model} if self.source_model else {}
      warm = {"source_lr": self.source_settings.lr, **own}
    classes = self.task.classes
    sets: dict[str, Any] = {"classes": classes._asdict()} if classes else {}
    if self.task.unseen:
      sets["protocol"] = LEAVE_ONE_OUT
    search, way, optimizer = self.search, self.tuning, self.optimizer
    return {
      **warm,
      **({"recipe": self.recipe_name} if self.recipe else {}),
      "hyperparameters": point.hyperparameters,
      "weights": _entry(self.weighting),
      "tuning": None if way.name == "full" else _entry(way),
      **({"optimizer": {"name": optimizer.name, **optimizer.given}} if optimizer.given else {}),
      "settings": self.settings._replace(lr=point.lr)._asdict(),
      "start": self.start,
      "seeds": list(self.seeds),
      "source": list(self.task.source),
      "target": self.task.target,
      **sets,
      **({} if self.output == outputs.CLASSES else {"output": _entry(self.output)}),
      **({"dp": self.dp._asdict()} if self.dp else {}),
      **({} if self.decision == ARGMAX else {"decision": self.decision}),
      "data": dict(data),
      # Seeds on devices of their own have the numbers of one device, but for rounding.
      "parallel": "pmap" if self.layout.kind == "pmap" else "sharding",
      "devices": self.layout.devices,
      "validator": self.validator,
      "code": dict(self.code),
      **({"search": {**search._asdict(), "validator": self.validator}} if search else {}),
    }

  def __getstate__(self) -> None:
    """Leaves behind what was made of the choices: the code may be another where it is read."""


def _entry(entry: Bound | None) -> dict[str, Any] | None:
  """A weighting or a tuning as a record has it."""
  return None if entry is None else {"name": entry.name, **entry.arguments}
