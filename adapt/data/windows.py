"""Recordings cut into windows.

Windows of one recording never lie on both sides of a split: the recordings are split, or, where no
class has two, each recording in time.
"""

from typing import Any

import numpy as np

from adapt.data import ragged
from adapt.data.domain import Domain, Split, one_split
from adapt.data.raw import Ragged, concatenated
from adapt.data.reading import Reading

HELD_OUT = 0.2  # the last part of a recording, where it is split in time


def windowed(domain: Domain, reading: Reading) -> Domain:
  """Cut recordings [n, t, c, 1] into windows with their labels.

  A window has its recording's label.

  Of recordings of several lengths, those shorter than a window are left out, which a note tells.

  Raises:
    ValueError: windows of no length, or longer than the recordings.
  """
  size, stride = reading.window, reading.stride or max(reading.window // 2, 1)
  t = ragged.spread(domain.train.x)
  if not (0 < size <= domain.train.x.shape[1] and stride > 0):
    raise ValueError(
      f"--window {size} --stride {stride} does not fit {domain.name}, whose recordings have {t} "
      "samples: give a window of 1 sample to that, and a stride of at least 1"
    )
  domain = _long_enough(domain, size)
  train, test = domain.train, domain.test
  if one_split(domain):
    x, (of, _) = _cut(test.x, _whole(test.x), size, stride)
    note = f"{domain.name}: {len(test.x)} recordings of {t} samples cut into {len(x)} windows"
    labels = [None if split.y is None else split.y[of] for split in (train, test)]
    notes = (*domain.notes, f"{note} of {size}")
    return domain._replace(
      train=Split(x, labels[0]), test=Split(x, labels[1]), notes=notes, places=None
    )
  in_time = _in_time(domain)
  if in_time:
    train = test = Split(*_joined(domain))
    spans = _in_two(domain.name, _lengths(train.x), size)
  else:
    spans = _whole(train.x), _whole(test.x)
  parts, places = [], []
  files = np.arange(len(train.x) + len(test.x)) if domain.places is None else domain.places
  recordings = (files, files) if in_time else (files[: len(train.x)], files[len(train.x) :])
  for split, span, positions in zip((train, test), spans, recordings, strict=True):
    x, (of, starts) = _cut(split.x, span, size, stride)
    parts.append(Split(x, None if split.y is None else split.y[of]))
    places.append(np.stack([starts, positions[of]]))
  note = (
    f"{domain.name}: {len(train.x) + (0 if in_time else len(test.x))} recordings of {t} samples cut "
    f"into {len(parts[0].x)} training and {len(parts[1].x)} test windows of {size}"
  )
  if in_time:
    note += "; no class has two recordings, so the last part of each is the test split"
  # Positions of the windows in the file: what matters is their order, by recording, then by start.
  order = np.argsort(np.lexsort(np.concatenate(places, axis=1)))
  return domain._replace(train=parts[0], test=parts[1], notes=(*domain.notes, note), places=order)


def _long_enough(domain: Domain, size: int) -> Domain:
  """The domain without recordings of fewer samples than a window, where lengths differ."""
  if not ragged.is_in(domain):
    return domain
  keep = [_lengths(split.x) >= size for split in (domain.train, domain.test)]
  short, whole = (sum(int(f(k)) for k in keep) for f in (lambda k: (~k).sum(), len))
  if not short:
    return domain
  splits = [
    Split(split.x[rows], None if split.y is None else split.y[rows])
    for split, rows in zip((domain.train, domain.test), keep, strict=True)
  ]
  if not all(len(split.x) for split in splits):
    raise ValueError(
      f"--window {size} does not fit {domain.name}: no recording of one of its splits has as many "
      "samples; give a shorter window"
    )
  if one_split(domain):
    short, whole = short // 2, whole // 2
    splits[1] = splits[1]._replace(x=splits[0].x)
  note = (
    f"{domain.name}: {short} of {whole} recordings have fewer than {size} samples and are left out"
  )
  places = None if domain.places is None else domain.places[np.concatenate(keep)]
  return domain._replace(
    train=splits[0], test=splits[1], notes=(*domain.notes, note), places=places
  )


def _lengths(x: Any) -> np.ndarray:
  """The samples of each recording, [n]."""
  return x.lengths if isinstance(x, Ragged) else np.full(len(x), x.shape[1])


def _whole(x: Any) -> np.ndarray:
  """From where to where each recording goes, [n, 2]."""
  lengths = _lengths(x)
  return np.stack([0 * lengths, lengths], axis=1)


def _in_two(name: str, lengths: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
  """The spans of training and of test where each recording is split in time."""
  border = lengths - np.maximum((HELD_OUT * lengths).astype(int), size)
  if (border < size).any():
    raise ValueError(
      f"{name} has one recording a class, too short to be split in time into windows of {size} "
      "samples: lower --window, or give more recordings"
    )
  return np.stack([0 * border, border], axis=1), np.stack([border, lengths], axis=1)


def _cut(
  x: Any, spans: np.ndarray, size: int, stride: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
  """Windows within spans of time, recording by recording; of which recording, and their starts."""
  starts = [np.arange(low, high - size + 1, stride) for low, high in spans.tolist()]
  recordings = [v[..., None] for v in x.values] if isinstance(x, Ragged) else list(np.asarray(x))
  cut = [
    np.moveaxis(np.lib.stride_tricks.sliding_window_view(r, size, axis=0)[at], -1, 1)
    for r, at in zip(recordings, starts, strict=True)
  ]
  found = np.concatenate(cut) if cut else np.zeros((0, size, *x.shape[2:]), np.float32)
  of = np.repeat(np.arange(len(starts)), [len(at) for at in starts])
  return found, (of, np.concatenate([np.zeros(0, int), *starts]))


def _in_time(domain: Domain) -> bool:
  """Whether recordings cannot be held out: no class has two, or nobody knows and there are few."""
  y = domain.train.y
  if y is None or domain.test.y is None:
    return len(domain.train.x) + len(domain.test.x) < 5
  return int(np.bincount(np.concatenate([y, domain.test.y])).max()) < 2


def _joined(domain: Domain) -> tuple[Any, np.ndarray | None]:
  """All recordings of both splits, training first."""
  (x, y), (x_test, y_test) = domain.train, domain.test
  labels = None if y is None or y_test is None else np.concatenate([y, y_test])
  return concatenated([x, x_test], "the splits"), labels
