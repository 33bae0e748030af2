"""What one program trains: a task's cells, or those of several tasks of equal shape side by side.

The sets of several tasks lie one after the other, each once, and a cell knows where its own begin.
"""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt import parallel
from adapt.data import Domain
from adapt.material import Material
from adapt.method import Method
from adapt.request import Point, Request

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
  """The parts' sets; those of equal names, with the same classes of them, are the same."""
  sources = {_names(p): p.material.sources for p in parts}
  targets = {_target(p): p.material.target for p in parts}
  xs, xt = examples(parts[0])
  places = [
    (xs * list(sources).index(_names(p)), xt * list(targets).index(_target(p))) for p in parts
  ]
  first = np.repeat(np.array(places, np.int32), [p.cells for p in parts], axis=0)
  return Joined(list(sources.values()), list(targets.values()), first)


def _names(part: Part) -> tuple[Any, ...]:
  return (part.request.task.classes, *(d.name for d in part.material.sources))


def _target(part: Part) -> tuple[Any, ...]:
  return part.request.task.classes, part.material.target.name


def examples(part: Part) -> tuple[int, int]:
  """How many there are to train on: of all sources, and of the target."""
  material = part.material
  return sum(len(d.train.x) for d in material.sources), len(material.target.train.x)


def shape(method: Method, part: Part) -> Hashable:
  """What parts have in common that one program can train; None for one that must stay alone.

  Alone stay methods that look at whole sets between steps, weightings, private training and searches.
  """
  request, missing, material, _ = part
  if method.refresh is not None or request.weights or request.dp or request.search:
    return None
  sets = (*material.sources, material.target)
  tested = sum(len(d.test.x) for d in material.sources)
  return (
    str(request[2:]),  # all but suite and task
    str(material.settings),
    str([p.hyperparameters.items() for p in missing]),
    len(material.classes),
    request.task.unknown,
    tuple((d.train.x.shape[1:], str(d.train.x.dtype)) for d in sets),
    examples(part),
    min(tested, VIEWED),
    material.target.test.y is None,
  )


def fit(parts: Sequence[Part], layout: parallel.Layout) -> bool:
  """Whether the sets of all of them fit on a device together."""
  sets = joined(parts)
  inputs = [d.train.x for d in (*(d for some in sets.sources for d in some), *sets.targets)]
  return sum(x.nbytes for x in inputs) <= parallel.budget(layout)
