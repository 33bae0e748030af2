"""What one program trains: a task's cells, or those of several tasks of equal shape side by side.

The sets of several tasks lie one after the other, and a cell knows where its own begin.
"""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt import validators
from adapt.data import Domain
from adapt.experiments.experiment import Point, Request
from adapt.method import Method
from adapt.training import devices, feed
from adapt.training.task_data import Material

VIEWED = 2000  # examples at most for the label-free scores and for source accuracy


class Part(NamedTuple):
  """A task's share of a program."""

  request: Request
  missing: Sequence[Point]  # the points to run; they differ in float hyper-parameters only
  material: Material
  start: Any = ()  # (params, stats) per cell to start from, or () to start from scratch

  @property
  def cells(self) -> int:
    """Points × seeds."""
    return len(self.missing) * len(self.request.seeds)


def spans(parts: Sequence[Part]) -> list[slice]:
  """Where each part's cells are in the program."""
  ends = np.cumsum([part.cells for part in parts]).tolist()
  return [slice(end - part.cells, end) for part, end in zip(parts, ends, strict=True)]


class Joined(NamedTuple):
  """The sets of several parts, each once."""

  sources: list[tuple[Domain, ...]]
  targets: list[Domain]
  first: np.ndarray  # [cells, 2] rows at which a cell's source and target examples begin


def joined(parts: Sequence[Part]) -> Joined:
  """The parts' sets; what tasks name alike, with the same classes of it, is the same."""
  keys = [(p.request.task.classes, p.request.task) for p in parts]
  sources = {(c, t.source): p.material.sources for (c, t), p in zip(keys, parts, strict=True)}
  targets = {(c, t.target): p.material.target for (c, t), p in zip(keys, parts, strict=True)}
  xs, xt = examples(parts[0])
  places = [
    (xs * list(sources).index((c, t.source)), xt * list(targets).index((c, t.target)))
    for c, t in keys
  ]
  first = np.repeat(np.array(places, np.int32), [p.cells for p in parts], axis=0)
  return Joined(list(sources.values()), list(targets.values()), first)


def examples(part: Part) -> tuple[int, int]:
  """How many there are to train on: of all sources, and of the target."""
  material = part.material
  return sum(len(d.train.x) for d in material.sources), len(material.target.train.x)


def shape(method: Method, part: Part) -> Hashable:
  """What parts have in common that one program can train; None for one that must stay alone.

  Alone stay methods that look at whole sets between steps, weightings, private training, searches,
  reverse validation and streamed inputs.
  """
  request, missing, material, _ = part
  if method.refresh is not None or request.weights or request.dp or request.search:
    return None
  if request.validator == validators.REVERSE:
    return None
  if feed.streams(request, method, material.sources, material.target):
    return None
  sets, labels = (*material.sources, material.target), material.target.train.y
  tested = sum(len(d.test.x) for d in material.sources)
  return (
    str(request[2:]),  # all but suite and task
    str(material.settings),
    str([p.hyperparameters.items() for p in missing]),
    len(material.classes),
    request.task.unknown,
    tuple((d.train.x.shape[1:], str(d.train.x.dtype)) for d in sets),
    examples(part),
    len(np.unique(labels)) if "labelled" in method.reads and labels is not None else 0,
    min(tested, VIEWED),
    material.target.test.y is None,
  )


def fit(parts: Sequence[Part], layout: devices.Layout) -> bool:
  """Whether the sets of all of them, and what is looked at of each, fit on a device together."""
  sets = joined(parts)
  trained = [d.train.x for d in (*(d for some in sets.sources for d in some), *sets.targets)]
  tested = [part.material.target.test.x for part in parts]
  row = trained[0].nbytes // len(trained[0])
  looked_at = 2 * VIEWED * row * len(parts)  # at most, of source tests and target training inputs
  return sum(x.nbytes for x in (*trained, *tested)) + looked_at <= devices.budget(layout)
