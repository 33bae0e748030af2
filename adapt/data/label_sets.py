"""Class sets of partial, open-set and universal domain adaptation.

Some classes' examples are kept. The rest are dropped or become "unknown".
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data import images
from adapt.data.domain import Domain, Split

UNKNOWN = "unknown"  # the class of all examples of classes that no source has

Take = Callable[[Any, np.ndarray], Any]  # (inputs, rows) -> those inputs


class ClassSets(NamedTuple):
  """Numbers of shared, source-private and target-private classes.

  Classes are in the order of the data's class list.

  First those that both sides have, then those of the source alone, then those of the target alone;
  classes after those are left out. So do the published protocols count, in alphabetical order.
  """

  shared: int
  source_private: int = 0
  target_private: int = 0  # together they are the class "unknown", which no source example has

  @property
  def relation(self) -> str:
    """The setting: closed, partial, open or universal.

    In partial the source has more classes, in open the target, and in universal both.
    """
    if self.target_private:
      return "universal" if self.source_private else "open"
    return "partial" if self.source_private else "closed"

  @property
  def unknown(self) -> bool:
    """Whether target examples may belong to a class no source has."""
    return self.target_private > 0


def parsed(text: str) -> ClassSets | None:
  """Parse class sets from "SHARED/SOURCE/TARGET".

  An example is 10/5/50. An empty text gives None.

  Raises:
    ValueError: anything else, or no shared class.
  """
  if not text:
    return None
  parts = text.split("/")
  # More classes than six digits count are in no data.
  if len(parts) != 3 or not all(p.isdecimal() and len(p) < 7 for p in parts) or not int(parts[0]):
    raise ValueError(
      f"--classes {text} is not SHARED/SOURCE/TARGET: give three numbers of classes, the first at "
      "least 1, e.g. --classes 10/5/50"
    )
  return ClassSets(*map(int, parts))


def restricted(
  sources: Sequence[Domain], target: Domain, sets: ClassSets, take: Take = images.take
) -> tuple[list[Domain], Domain]:
  """Restrict the domains to the examples of their class sets.

  Sources keep shared and source-private classes, which are numbered 0 … K-1 already. The target
  keeps shared and target-private ones; all target-private examples get the label K, the class
  "unknown". A target split without labels stays as it is.

  Args:
    sources: labelled domains, their classes numbered alike.
    target: the domain to adapt to.
    sets: how many classes each side has.
    take: takes rows of inputs.

  Raises:
    ValueError: the data have too few classes.
  """
  count = sets.shared + sets.source_private
  whole = count + sets.target_private
  _check(sources, target, sets)

  def of(split: Split, keep: Callable[[np.ndarray], np.ndarray]) -> Split:
    if split.y is None:
      return split
    rows = np.flatnonzero(keep(split.y))
    return Split(take(split.x, rows), np.minimum(split.y[rows], count).astype(np.int32))

  def source_has(y: np.ndarray) -> np.ndarray:
    return y < count

  def target_has(y: np.ndarray) -> np.ndarray:
    return (y < sets.shared) | ((y >= count) & (y < whole))

  def only(
    domain: Domain, keep: Callable[[np.ndarray], np.ndarray], more: tuple[str, ...]
  ) -> Domain:
    names = domain.classes[:count]
    names += more if len(names) == count else ()
    groups, y = domain.groups, domain.test.y
    if groups is not None and y is not None:
      groups = groups[keep(y)]
    made = domain._replace(train=of(domain.train, keep), test=of(domain.test, keep), classes=names)
    return made._replace(groups=groups)

  more = (UNKNOWN,) if sets.target_private else ()
  return [only(d, source_has, ()) for d in sources], only(target, target_has, more)


def _check(sources: Sequence[Domain], target: Domain, sets: ClassSets) -> None:
  """Raise ValueError unless the data have every requested class."""
  count = sets.shared + sets.source_private
  whole = count + sets.target_private
  wanted = f"--classes {sets.shared}/{sets.source_private}/{sets.target_private}"
  unknown = set(range(count, whole))
  for names, there, needed in (
    (" and ".join(d.name for d in sources), _labels(sources), set(range(count))),
    (target.name, _labels([target]), set(range(sets.shared)) | unknown),
  ):
    # An unlabelled target may have any classes.
    if there and (missing := sorted(needed - there)):
      raise ValueError(
        f"{wanted} needs class {missing[0]} in {names}, which has {len(there)} classes up to "
        f"{max(there)}: give --classes as the data have them, shared classes first"
      )


def _labels(domains: Sequence[Domain]) -> set[int]:
  splits = [split for d in domains for split in (d.train, d.test)]
  return {int(label) for s in splits if s.y is not None for label in np.unique(s.y)}
