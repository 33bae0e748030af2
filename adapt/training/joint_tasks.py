"""Groups tasks of equal shape so that one program trains them.

A program trains one task's cells, or those of several tasks side by side.

The sets of several tasks lie one after the other, and a cell knows where its own begin.
"""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.catalogue import Bound
from adapt.data import Domain
from adapt.method import Method
from adapt.training import devices, feed
from adapt.training.setup import Point, Setup
from adapt.training.task_data import TaskData

VIEWED = 2000  # examples at most for the label-free scores and for source accuracy


class Part(NamedTuple):
  """A task's share of a program."""

  setup: Setup
  points: Sequence[Point]  # they differ in float hyper-parameters and lr only
  data: TaskData
  start: Any = ()  # (params, stats) per cell to start from, or () to start from scratch

  @property
  def cells(self) -> int:
    """Points × seeds."""
    return len(self.points) * len(self.setup.seeds)


def spans(parts: Sequence[Part]) -> list[slice]:
  """Where each part's cells are in the program."""
  ends = np.cumsum([part.cells for part in parts]).tolist()
  return [slice(end - part.cells, end) for part, end in zip(parts, ends, strict=True)]


class Joined(NamedTuple):
  """Data sets of several parts, each stored once."""

  sources: list[tuple[Domain, ...]]
  targets: list[Domain]
  first: np.ndarray  # [cells, 2] rows at which a cell's source and target examples begin


def joined(parts: Sequence[Part]) -> Joined:
  """Merges the parts' data sets, each stored once.

  Sets are the same if name, content and restriction to classes are.
  """

  def identity(part: Part, *domains: Domain) -> Hashable:
    return part.data.sets, *((d.name, part.data.hashes.get(d.name)) for d in domains)

  sources = {identity(p, *p.data.sources): p.data.sources for p in parts}
  targets = {identity(p, p.data.target): p.data.target for p in parts}
  xs, xt = examples(parts[0])
  places = [
    (
      xs * list(sources).index(identity(p, *p.data.sources)),
      xt * list(targets).index(identity(p, p.data.target)),
    )
    for p in parts
  ]
  first = np.repeat(np.array(places, np.int32), [p.cells for p in parts], axis=0)
  return Joined(list(sources.values()), list(targets.values()), first)


def examples(part: Part) -> tuple[int, int]:
  """Number of training examples: (all sources, target)."""
  return sum(len(d.train.x) for d in part.data.sources), len(part.data.target.train.x)


def shape(method: Method, part: Part) -> Hashable:
  """Key shared by the parts that one program can train together.

  It is None for a part that must be trained alone.

  Alone stay weightings, private training and streamed inputs.
  """
  setup, points, data, _ = part
  if setup.weighting or setup.dp:
    return None
  if feed.streams(setup, method, data.sources, data.target, part.cells):
    return None
  sets, labels = (*data.sources, data.target), data.target.train.y
  tested = sum(len(d.test.x) for d in data.sources)
  return (
    tuple(v.key if isinstance(v, Bound) else str(v) for v in setup),
    str(data.settings),
    str([p.hyperparameters.items() for p in points]),
    len(data.classes),
    data.unknown,
    data.unseen,
    data.kind,
    tuple((d.train.x.shape[1:], str(d.train.x.dtype)) for d in sets),
    examples(part),
    len(np.unique(labels)) if "labelled" in method.reads and labels is not None else 0,
    min(tested, VIEWED),
    data.target.test.y is None,
    data.counts if setup.output().by_counts else None,
  )


def fit(parts: Sequence[Part], layout: devices.Layout) -> bool:
  """Whether all parts' training and evaluation data fit on a device."""
  sets = joined(parts)
  trained = [d.train.x for d in (*(d for some in sets.sources for d in some), *sets.targets)]
  tested = [part.data.target.test.x for part in parts]
  row = trained[0].nbytes // len(trained[0])
  looked_at = 2 * VIEWED * row * len(parts)  # at most, of source tests and target training inputs
  return sum(x.nbytes for x in (*trained, *tested)) + looked_at <= devices.budget(layout)
