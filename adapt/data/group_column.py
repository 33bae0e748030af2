"""Groups of test examples, of which the worst one's accuracy is measured.

No method, validator or choice sees them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adapt.data.array_names import NAMES
from adapt.data.domain import Domain
from adapt.data.reading import Reading

LABELS = NAMES["y"]
_MOST = 1000  # groups; more are ids


def named(where: str, values: Any, n: int) -> np.ndarray:
  """The groups of n examples as texts [n].

  Args:
    where: what a message calls them.
    values: texts or numbers [n]; None or NaN where missing.
    n: how many examples there are.

  Raises:
    ValueError: one line with the remedy: another number of them, a missing one, or too many groups.
  """
  given = np.asarray(values)
  if given.shape != (n,):
    raise ValueError(f"{where} has shape {list(given.shape)} for {n} examples: give a group each")
  # NumPy makes a list of texts and NaN all texts: what is missing is looked for before.
  each = given.tolist() if isinstance(values, np.ndarray) else list(values)
  lacks = np.array([_missing(v) for v in each], bool)
  if lacks.any():
    raise ValueError(f"{where} row {int(lacks.argmax()) + 1} is empty: give each example a group")
  if given.dtype.kind == "S":
    given = np.char.decode(given, "utf-8", "replace")
  # Numbers beyond hold no fractions and do not fit into whole ones: they keep their own text.
  whole = given.dtype.kind == "f" and (abs(given) < 2**53).all() and (given % 1 == 0).all()
  found = (given.astype(np.int64) if whole else given).astype(str)
  if (number := len(np.unique(found))) > _MOST:
    raise ValueError(f"{where} has {number} groups, more than {_MOST}: name a column of groups")
  return found


def _missing(value: Any) -> bool:
  """Whether it is None, NaN, NaT, pandas' NA, or an empty text."""
  if value is None or isinstance(value, str | bytes):
    return not value
  same = value == value  # pandas' NA says neither
  return not (isinstance(same, bool | np.bool_) and same)


def of_arrays(
  path: Any, name: str, found: Sequence[str], array: Callable[[str], np.ndarray], domain: Domain
) -> Domain:
  """A file's domain with the groups of its test examples.

  Args:
    path: the file, for messages.
    name: of the array of groups of x; that of x_test has "_test" behind its name.
    found: names of the file's arrays.
    array: gives the array of a name.
    domain: what the file has beside it; its places are known.
  """
  if name.lower() in LABELS and name in found and domain.train.y is None:
    raise ValueError(
      f"{path}: --groups {name} takes the array '{name}', which would be the labels: name another"
    )
  wanted = name if domain.held_out else f"{name}_test"
  if not name or wanted not in found:
    return domain
  n, test = (len(split.x) for split in (domain.train, domain.test))
  where = f"{path} {wanted}"
  if not domain.held_out:
    return domain._replace(groups=named(where, array(wanted), test))
  assert domain.places is not None
  return domain._replace(groups=named(where, array(wanted), n + test)[domain.places[n:]])


def check(target: Domain, reading: Reading) -> None:
  """Raises ValueError where a target lacks the groups asked for.

  Those of sources are not looked at.
  """
  if not reading.groups:
    return
  for name, on in (("transductive", reading.transductive), ("window", reading.window)):
    if on:
      raise ValueError(
        f"--groups are those of a test split's examples, which --{name} makes anew: leave one out"
      )
  if target.groups is None:
    raise ValueError(
      f"--groups {reading.groups}: {target.name} has no such column (of a table), nor array (of an "
      ".npz; with x_test, its name ends in _test): name one of the target's"
    )
  where = f"{target.name} column '{reading.groups}'"
  if (lacks := np.flatnonzero(target.groups == "")).size:
    row = ""
    if target.places is not None:
      row = f" row {int(target.places[len(target.train.x) + lacks[0]]) + 1}"
    raise ValueError(f"{where}{row} is empty: give each test example a group")
  named(where, target.groups, len(target.groups))
