"""Statistics of labels that are no classes: values, labels and masks."""

from collections.abc import Iterator, Sequence

import numpy as np

from adapt.data.domain import Domain, output_of

IGNORED = "ignored"  # the row of pixels that are not scored

# Statistic -> number, None where no label is known; None of a split without labels.
Statistics = dict[str, float | None] | None


def kind(domains: Sequence[Domain]) -> str:
  """The kind of labels of all labelled domains.

  Raises:
    ValueError: labels of two kinds, or of different numbers of columns.
  """
  known = {d.name: output_of(d) for d in domains if _labelled(d)}
  if len(set(known.values())) > 1:
    told = ", ".join(f"{name} has {of}" for name, of in known.items())
    raise ValueError(
      f"the domains have labels of different kinds ({told}): read all by one --output"
    )
  found = next(iter(known.values()), "classes")
  wide = {d.name: y.shape[1] for d in domains for y in _labelled(d) if y.ndim == 2}
  if len(set(wide.values())) > 1:
    told = ", ".join(f"{name} {width}" for name, width in wide.items())
    raise ValueError(f"the domains have different numbers of labels an example ({told})")
  return found


def statistics(domains: Sequence[Domain], label: str = "") -> dict[str, dict[str, Statistics]]:
  """Statistics of labels by column (of pixels by class) and split.

  Args:
    domains: with labels of one `kind`, which are no classes.
    label: columns of values, as `Reading.label` names them; else they are numbered.

  Returns:
    Name -> "DOMAIN SPLIT" -> count (known), missing, min, mean, max and std of values, in their
    unit; positive (share of the known) and unknown (share of all) of labels; share of the scored
    pixels of a mask's class, and of all pixels of those that are "ignored".
  """
  of = {"values": _values, "labels": _labels, "pixels": _pixels}[kind(domains)]
  names = _names(domains, label)
  found: dict[str, dict[str, Statistics]] = {name: {} for name in names}
  for domain in domains:
    for split, y in (("train", domain.train.y), ("test", domain.test.y)):
      each = [None] * len(names) if y is None else list(of(y, len(names)))
      for name, own in zip(names, each, strict=True):
        found[name][f"{domain.name} {split}"] = own
  return found


def _labelled(domain: Domain) -> list[np.ndarray]:
  return [s.y for s in (domain.train, domain.test) if s.y is not None]


def _names(domains: Sequence[Domain], label: str) -> tuple[str, ...]:
  """Names of the columns, or of a mask's classes and what is ignored."""
  ys = [y for d in domains for y in _labelled(d)]
  named: tuple[str, ...] = max((d.classes for d in domains), key=len)
  if ys[0].ndim == 3:
    size = max(len(named), *(int(y.max(initial=-1)) + 1 for y in ys))
    return (*named, *map(str, range(len(named), size)), IGNORED)
  width = ys[0].shape[1]
  for asked in (named, (label,), tuple(n.strip() for n in label.split(","))):
    if len(asked) == width and all(asked):
      return asked
  return ("value",) if width == 1 else tuple(f"value {k + 1}" for k in range(width))


def _values(y: np.ndarray, count: int) -> Iterator[Statistics]:
  for k in range(count):
    known = y[np.isfinite(y[:, k]), k].astype(np.float64)
    made = (
      (np.min(known), np.mean(known), np.max(known), np.std(known)) if len(known) else [None] * 4
    )
    found = [None if v is None else float(v) for v in made]
    some = dict(zip(("min", "mean", "max", "std"), found, strict=True))
    yield {"count": len(known), "missing": len(y) - len(known), **some}


def _labels(y: np.ndarray, count: int) -> Iterator[Statistics]:
  for k in range(count):
    known = y[y[:, k] >= 0, k]
    positive = float(known.mean()) if len(known) else None
    yield {"positive": positive, "unknown": 1 - len(known) / max(len(y), 1)}


def _pixels(y: np.ndarray, count: int) -> Iterator[Statistics]:
  counted = np.bincount(np.maximum(y, -1).ravel() + 1, minlength=count)
  ignored, scored = counted[0], counted[1:]
  for own in scored:
    yield {"share": float(own / scored.sum()) if scored.sum() else None}
  yield {"share": float(ignored / max(y.size, 1))}
