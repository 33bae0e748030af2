"""Compare class and value statistics of a pair's domains.

Only differences that change what a result means are reported.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data.domain import Domain, Split
from adapt.data.images import Images

IMBALANCE = 10  # largest class over smallest, from which accuracy alone says little
SHIFT = 0.2  # total variation distance between class shares
SCALE = 10.0  # ratio of standard deviations, or of greatest values
SPREAD = 100.0  # ratio of the columns' standard deviations in vectors that are not scaled
_FEW = 2000  # examples whose values are looked at
_SIDE = 32  # pixels to which encoded images are decoded for it


class Finding(NamedTuple):
  """A finding of an audit."""

  severity: str  # "leak", "warning" or "note"
  check: str  # "duplicates", "near duplicates", "images", "classes", "values" or "protocol"
  what: str  # what it is, with counts, without a full stop
  affected: int  # how many examples, classes or features
  examples: tuple[str, ...]  # all of them; of duplicates "EXAMPLE = ITS COPY"
  remedy: str


def counts(split: Split, classes: int) -> list[int] | None:
  """Count the examples of each class, of those whose label is known.

  Returns None where all labels are unknown.
  """
  if split.y is None:
    return None
  found: list[int] = np.bincount(split.y[split.y >= 0], minlength=classes).tolist()
  return found


def class_findings(sources: Sequence[Domain], target: Domain) -> Iterator[Finding]:
  """Report missing, rare, unbalanced and shifted classes."""
  labels = [d.train.y[d.train.y >= 0] for d in sources if d.train.y is not None]
  if not sum(map(len, labels)):
    return
  names = max((d.classes for d in (*sources, target)), key=len)

  def listed(found: Sequence[int]) -> tuple[str, ...]:
    return tuple(names[k] if k < len(names) else str(k) for k in found)

  def of(severity: str, what: str, found: Sequence[int], remedy: str) -> Finding:
    shown = ", ".join(listed(found)[:5]) + (", …" if len(found) > 5 else "")
    return Finding(severity, "classes", f"{what} {shown}", len(found), listed(found), remedy)

  source = np.bincount(np.concatenate(labels))
  known = [s.y[s.y >= 0] for s in (target.train, target.test) if s.y is not None]
  size = max([len(source), len(names), *(int(y.max(initial=-1)) + 1 for y in known)])
  source = np.pad(source, (0, size - len(source)))
  few = np.flatnonzero(source == 1).tolist()
  if few:
    what = "the sources have one training example each of the classes"
    yield of("warning", what, few, "add examples")
  there = source[source > 0]
  if there.max() >= IMBALANCE * there.min():
    what = f"the largest source class has {there.max() / there.min():.0f} times the examples of"
    smallest = [int(np.argmin(np.where(source > 0, source, there.max() + 1)))]
    yield of("note", what, smallest, "read the macro F1 beside the accuracy")
  if not sum(map(len, known)):
    return
  counted = np.bincount(np.concatenate(known), minlength=size)
  if absent := np.flatnonzero((counted > 0) & (source == 0)).tolist():
    what = f"the target {target.name} has classes that no source has:"
    yield of("warning", what, absent, "drop their examples, or add a source that has them")
  if absent := np.flatnonzero((counted == 0) & (source > 0)).tolist():
    what = f"the target {target.name} lacks classes of the sources:"
    yield of("note", what, absent, "methods that align whole domains may suffer")
  shift = 0.5 * np.abs(source / source.sum() - counted / counted.sum())
  if shift.sum() > SHIFT:
    what = f"class shares of sources and {target.name} differ by {shift.sum():.2f} in total"
    most = np.argsort(-shift, kind="stable")[:3].tolist()
    yield of("note", f"{what} variation, most for", most, "methods that align marginals may suffer")


def value_findings(domains: Sequence[Domain], few: int = _FEW) -> Iterator[Finding]:
  """Report NaN, infinite values, zero features and differing value ranges.

  Args:
    domains: the sources, then the target.
    few: examples of each domain at most whose values are compared; all are searched for NaN.
  """
  *sources, target = domains
  for domain in domains:
    yield from _not_finite(domain)
    yield from _spreads(domain, few)
  for source in sources:
    if source.train.x.dtype != target.train.x.dtype:
      yield Finding(
        "warning",
        "values",
        f"{source.name} is {source.train.x.dtype} and {target.name} {target.train.x.dtype}",
        0,
        (),
        "convert one: uint8 is scaled to [-1, 1], floats are used as they are",
      )
    if any(d.train.x.ndim == 2 and d.train.x.dtype.kind != "f" for d in (source, target)):
      continue  # tokens: their numbers measure nothing
    yield from _ranges(source, target, few)
    if source.train.x.ndim == target.train.x.ndim == 2:
      yield from _zero_features(source, target)


def _not_finite(domain: Domain) -> Iterator[Finding]:
  for name, split in (("train", domain.train), ("test", domain.test)):
    if isinstance(split.x, Images) or split.x.dtype.kind != "f":
      continue
    # The sum is finite where all values are, but for overflow: most sets need no second look.
    with np.errstate(over="ignore", invalid="ignore"):
      if np.isfinite(split.x.sum(dtype=np.float64)):
        continue
    wrong = np.flatnonzero(~np.isfinite(split.x).reshape(len(split.x), -1).all(axis=1)).tolist()
    if wrong:
      yield Finding(
        "warning",
        "values",
        f"{len(wrong)} examples of {domain.name} {name} have NaN or infinite values",
        len(wrong),
        tuple(f"{domain.name} {name}[{i}]" for i in wrong),
        "remove or replace them",
      )


def _column(domain: Domain, k: int) -> str:
  """What a column of vectors is called."""
  return f"'{domain.features[k]}'" if domain.features else f"feature {k}"


def _spreads(domain: Domain, few: int) -> Iterator[Finding]:
  """Report columns of very different spread where vectors are left as they are."""
  made, x = domain.preprocessing, domain.train.x
  left = made is not None and made.reading.get("scale") == "none" and domain.kind == "vector"
  if not left or isinstance(x, Images) or x.ndim != 2 or x.dtype.kind != "f" or not len(x):
    return
  spread = x[np.linspace(0, len(x) - 1, min(few, len(x))).astype(int)].std(axis=0, dtype=float)
  varied = np.flatnonzero(spread > 0)
  if not len(varied):
    return
  low, high = (int(varied[f(spread[varied])]) for f in (np.argmin, np.argmax))
  if spread[high] >= SPREAD * spread[low]:
    yield Finding(
      "warning",
      "values",
      f"columns of {domain.name} spread from {spread[low]:.3g} ({_column(domain, low)}) to "
      f"{spread[high]:.3g} ({_column(domain, high)})",
      2,
      (_column(domain, low), _column(domain, high)),
      "leave out --scale none, as networks hardly learn from unequal scales",
    )


def _values(x: Any, few: int) -> np.ndarray:
  """Return a sample of the finite values in one row.

  The examples are evenly spaced over the set.
  """
  rows = np.unique(np.linspace(0, len(x) - 1, min(few, len(x))).astype(int))
  if not isinstance(x, Images):
    values = np.asarray(x[rows], np.float64).ravel()
    return values[np.isfinite(values)]
  found = []
  for i in rows[:: max(1, len(rows) // 200)]:
    try:
      found.append(x.resized(_SIDE)[int(i)].ravel())
    except ValueError:  # `duplicates.prints` says which do not decode
      continue
  return np.concatenate(found).astype(np.float64) if found else np.zeros(1)


def _ranges(source: Domain, target: Domain, few: int) -> Iterator[Finding]:
  """Report domains with different scales or distant means.

  Means are distant if they lie further apart than the values spread.
  """
  a, b = (_values(d.train.x, few) for d in (source, target))
  if not len(a) or not len(b):
    return
  low, high = sorted((np.abs(a).max(), np.abs(b).max()))
  thin, wide = sorted((a.std(), b.std()))
  said = f"{_range(source, a)}, {_range(target, b)}"
  if high > SCALE * low or wide > SCALE * thin:
    yield Finding(
      "warning", "values", f"values differ in scale: {said}", 0, (), "bring both to one scale"
    )
  elif abs(a.mean() - b.mean()) > wide:
    remedy = "check polarity and normalisation; domain-wise standardisation may help"
    yield Finding("note", "values", f"means are far apart: {said}", 0, (), remedy)


def _range(domain: Domain, x: np.ndarray) -> str:
  spread = f"mean {x.mean():.3g} ± {x.std():.3g}"
  return f"{domain.name} {x.min():.3g} to {x.max():.3g}, {spread}"


def _zero_features(source: Domain, target: Domain) -> Iterator[Finding]:
  if source.train.x.shape[1] != target.train.x.shape[1]:
    return
  a, b = (~np.any(np.asarray(d.train.x), axis=0) for d in (source, target))
  for here, there, name, other in ((a, b, source, target), (b, a, target, source)):
    lone = np.flatnonzero(here & ~there).tolist()
    if lone:
      yield Finding(
        "note",
        "values",
        f"{len(lone)} of {len(a)} features are zero in all of {name.name} but not in {other.name}",
        len(lone),
        tuple(_column(name, k) for k in lone),
        "they tell the domains apart and carry nothing over",
      )
