"""Series of several lengths: checked, cut, padded, real steps marked.

A network takes one length, which is that of the longest training example,
up to MOST steps. Shorter series end in zeros, and one more channel, the last, is 1 where a step is
real and 0 where it is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import npy
from adapt.data.column_names import each_split
from adapt.data.domain import PADDED, Domain
from adapt.data.raw import Ragged, as_ragged

STEP = "lengths"
MOST = 4096  # steps
# The arrays of a file that say how long the series of others are.
LENGTHS = {"x": "lengths", "x_test": "lengths_test"}
_ROWS = 2  # dimensions of the rows of all series, one series below the other


def is_in(domain: Domain) -> bool:
  """Whether the inputs are series of several lengths."""
  return any(isinstance(split.x, Ragged) for split in (domain.train, domain.test))


def spread(x: Any) -> str:
  """How long series are, in words."""
  lengths = x.lengths if isinstance(x, Ragged) else np.full(len(x), x.shape[1])
  low, high = int(lengths.min(initial=x.shape[1])), int(x.shape[1])
  return f"{high}" if low == high else f"{low} to {high}"


def of_rows(rows: Sequence[np.ndarray], name: str) -> tuple[Ragged, str] | None:
  """Arrays [t_i, c] or [t_i] of several lengths, as series.

  None where they are something else. Rows [t_i] of which most have one length are vectors, and the
  others mistakes.

  Args:
    rows: one a series, of floats.
    name: what messages call them.

  Returns:
    The series, and a line that tells how they were taken.

  Raises:
    ValueError: one line that names the row: an empty series, other channels, NaN or infinite.
  """
  first = rows[0]
  same = {row.ndim for row in rows} == {first.ndim} and first.ndim in (1, 2)
  lengths = [len(row) for row in rows]
  if not same or first.dtype.kind != "f" or len(set(lengths)) == 1:
    return None
  if first.ndim == 1 and 2 * max(lengths.count(n) for n in set(lengths)) > len(lengths):
    return None  # vectors of one width, among which some are wrong
  found = []
  for i, row in enumerate(rows):
    if not row.size:
      raise ValueError(f"{name} row {i} is an empty series: leave it out")
    if row.shape[1:] != first.shape[1:]:
      raise ValueError(
        f"{name} row {i} has shape {list(row.shape)}, row 0 {list(first.shape)}: give series [t, c] "
        "of the same channels (pictures: bring all to one shape)"
      )
    with np.errstate(over="ignore"):
      value = row.astype(np.float32).reshape(len(row), -1)
    if not np.isfinite(value).all():
      raise ValueError(f"{name} row {i} has NaN or infinite values: remove or replace them")
    found.append(value)
  made = Ragged(found)
  channels = made.shape[2]
  told = f"{channels} channel{'s' * (channels > 1)}"
  return made, f"{name} has rows of {spread(made)} steps, taken as series of {told}"


def of_file(name: str, arrays: Mapping[str, np.ndarray], where: Mapping[str, str]) -> Any:
  """A file's x or x_test as series, if lengths are given.

  See `of_lengths`; else None.

  Raises:
    ValueError: lengths of one split alone, and what `of_lengths` refuses.
  """
  there = {n: lengths in arrays for n, lengths in LENGTHS.items() if n in arrays}
  if len(set(there.values())) > 1:
    lacking = next(n for n, has in there.items() if not has)
    raise ValueError(
      f"{where[lacking]} has no lengths, and the other split has: give {LENGTHS[lacking]}"
    )
  return of_lengths(where[name], arrays[name], arrays[LENGTHS[name]]) if there[name] else None


def of_lengths(where: str, x: np.ndarray, lengths: np.ndarray) -> Any:
  """The series of a file that says their lengths.

  Args:
    where: what a message calls x.
    x: all series below one another [sum t, c] or [sum t], or each padded at its end [n, t, c] or
      [n, t].
    lengths: their steps [n].

  Returns:
    `Ragged`, or [n, t, c, 1] float32 where all have one length.

  Raises:
    ValueError: one line: lengths that are no counts or do not add up, and what `of_rows` refuses.
  """
  if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or not len(lengths):
    raise ValueError(
      f"{where} has lengths of {lengths.dtype} {lengths.shape}: give one whole number a series"
    )
  if x.dtype.kind not in "buif" or x.ndim not in (1, 2, 3):
    raise ValueError(f"{where} is {x.dtype} {x.shape}, and has lengths: give rows [sum t, c]")
  if (lengths < 1).any():
    raise ValueError(f"{where} row {int((lengths < 1).argmax())} is an empty series: leave it out")
  n, total = len(lengths), int(lengths.sum())
  if x.ndim <= _ROWS and len(x) == total:
    rows = np.split(x, np.cumsum(lengths)[:-1])
  elif x.ndim >= _ROWS and len(x) == n and lengths.max() <= x.shape[1]:
    rows = [row[:length] for row, length in zip(x, lengths.tolist(), strict=True)]
  else:
    raise ValueError(
      f"{where} has shape {x.shape}, which its {n} lengths of {total} steps in all do not add up to: "
      "give rows [sum t, c], or series [n, t, c] padded to at least the longest"
    )
  rows = [row.astype(np.float32) for row in rows]
  if (made := of_rows(rows, where)) is not None:
    return made[0]
  stacked = np.stack(rows).reshape(n, len(rows[0]), -1, 1)
  if not stacked.size or not np.isfinite(stacked).all():
    raise ValueError(f"{where} has no channel, or NaN or infinite values: remove or replace them")
  return stacked


def fitted(domains: Sequence[Domain]) -> dict[str, Any] | None:
  """The length that a task's series get; None where none has several.

  Raises:
    ValueError: one line: domains whose channels differ, or more than memory holds.
  """
  if not any(map(is_in, domains)):
    return None
  channels: dict[int, str] = {}
  for d in domains:
    for x in (d.train.x, d.test.x):
      if len(x):
        channels.setdefault(x.shape[2], d.name)
  if len(channels) > 1:
    (a, first), (b, other), *_ = channels.items()
    raise ValueError(f"{first} has {a} channels and {other} {b}: give series of the same channels")
  longest = min(max(d.train.x.shape[1] for d in domains), MOST)
  several = sum(len(x) for d in domains for x in {id(s.x): s.x for s in (d.train, d.test)}.values())
  if 4 * several * longest * (next(iter(channels)) + 1) > npy.memory() // 2:
    raise ValueError(
      f"{several} series padded to {longest} steps are more than memory holds: cut the longest, or "
      "say --window"
    )
  return {"step": STEP, "length": longest, "channels": next(iter(channels))}


def cut(domain: Domain, step: Mapping[str, Any]) -> Domain:
  """A domain's series, cut to the most steps the network takes.

  They are `Ragged`. A note tells of cuts.

  Raises:
    ValueError: other channels.
  """
  most = step["length"]
  longer: list[bool] = []

  def of(x: Any) -> Ragged:
    series = as_ragged(x, domain.name)
    if len(series) and series.shape[2] != step["channels"]:
      raise ValueError(
        f"{domain.name} has examples of {series.shape[2]} channels, and the model was trained on "
        f"series of {step['channels']} channels: give such"
      )
    longer.extend((series.lengths > most).tolist())
    return Ragged([value[:most] for value in series.values])

  made = each_split(domain, of)
  if not any(longer):
    return made
  note = (
    f"{domain.name}: {sum(longer)} of {len(longer)} series have more than {most} steps and are cut "
    "there"
  )
  return made._replace(notes=(*domain.notes, note))


def padded(domain: Domain, step: Mapping[str, Any]) -> Domain:
  """A domain's series, zero-padded, with a channel marking real steps.

  The result is [n, t, c + 1, 1].
  """
  length, channels = step["length"], step["channels"]

  def of(x: Any) -> np.ndarray:
    found = np.zeros((len(x), length, channels + 1, 1), np.float32)
    for row, value in zip(found, x.values, strict=True):
      row[: len(value), :channels, 0] = value
      row[: len(value), channels, 0] = 1
    return found

  return each_split(domain, of)._replace(kind=PADDED)
