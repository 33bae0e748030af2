"""Series as a network's inputs: told from pictures, cut into windows, standardised by channel.

Series are [n, t, c, 1] float32. Windows of one recording never lie on both sides of a split: the
recordings are split, or, where no class has two, each recording in time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import scaling
from adapt.data.column_names import each_split
from adapt.data.domain import Domain, Split, one_split
from adapt.data.reading import Reading

STEP = "series"
HELD_OUT = 0.2  # the last part of a recording, where it is split in time


def kinds(domains: Sequence[Domain], reading: Reading) -> list[Domain]:
  """Say which of a user's arrays are series, and which pictures.

  Floats [n, a, b] (or [n, a, b, 1]) are series of `a` steps if a ≠ b, else pictures. `reading.kind`
  overrules that, and with `reading.window` also vectors [n, t] are series.

  Raises:
    ValueError: inputs that cannot be of the kind asked for.
  """
  return [d if d.kind else _kind(d, reading) for d in domains]


def _kind(domain: Domain, reading: Reading) -> Domain:
  x: Any = domain.train.x
  floats = isinstance(x, np.ndarray) and x.dtype.kind == "f"
  wanted = "series" if reading.window and not reading.kind else reading.kind
  if wanted == "series":
    if not floats or x.ndim not in (2, 4):
      raise ValueError(
        f"{domain.name} is {x.dtype} {x.shape}: series are floats [n, t] or [n, t, c]"
      )
    if x.ndim == 2:
      domain = each_split(domain, lambda x: x[:, :, None, None])
    return domain._replace(kind="series")
  if wanted == "image":
    if x.ndim != 4:
      raise ValueError(f"{domain.name} has shape {x.shape}: images are [n, h, w] or [n, h, w, c]")
    return domain._replace(kind="image")
  if not (floats and x.ndim == 4 and x.shape[-1] == 1):
    return domain
  _, a, b, _ = x.shape
  if a == b:
    note = f"{domain.name} is taken as grey images of {a} × {a} pixels: --kind series if it is not"
    return domain._replace(kind="image", notes=(*domain.notes, note))
  note = (
    f"{domain.name} is taken as series of {a} steps and {b} channel{'s' * (b > 1)}: --kind image if "
    "it has pictures"
  )
  return domain._replace(kind="series", notes=(*domain.notes, note))


def encoded(
  domains: Sequence[Domain], reading: Reading, own: bool
) -> tuple[list[Domain], list[dict[str, Any]]]:
  """Series cut into windows and standardised by the sources' training examples.

  Args:
    domains: of series; the sources, then the target.
    reading: `window`, `stride` and `scale`.
    own: whether all are a user's own; others are scaled only where `reading.scale` says so.

  Raises:
    ValueError: windows longer than a recording, channels that differ.
  """
  found = [windowed(d, reading) for d in domains] if reading.window else list(domains)
  if len({d.train.x.shape[2:] for d in found}) > 1:
    return found, []  # refused with the shapes, where domains are compared
  how = reading.scale or ("standard" if own else "none")
  if how == "none":
    return found, []
  sources = [found[-1]] if how == "per-domain" else found[:-1] or found

  def fitted(parts: Sequence[Domain]) -> dict[str, Any]:
    rows = [np.asarray(d.train.x).reshape(-1, d.train.x.shape[2]) for d in parts]
    return {**scaling.fit(rows, how), "step": STEP}

  step = fitted(sources)
  steps = [fitted([d]) if how == "per-domain" else step for d in found]
  return [scaled(d, s) for d, s in zip(found, steps, strict=True)], [step]


def scaled(domain: Domain, step: Mapping[str, Any]) -> Domain:
  """A domain of series, each channel scaled as `encoded` has learnt.

  Raises:
    ValueError: another number of channels.
  """
  channels = len(step["centre"])
  if domain.train.x.ndim != 4 or domain.train.x.shape[2] != channels:
    raise ValueError(
      f"{domain.name} has examples of shape {domain.train.x.shape[1:]}, and the model was trained "
      f"on series of {channels} channels: give such"
    )
  return each_split(domain, lambda x: scaling.scaled(x[..., 0], step)[..., None])


def later(domain: Domain, made: Any) -> Domain:
  """Treat later data as the series of a task: kind, windows and scale.

  Args:
    domain: as `data.read` gives it.
    made: the `Preprocessing` of the task.
  """
  reading = Reading(
    **{n: made.reading[n] for n in ("kind", "window", "stride") if n in made.reading}
  )
  domain = kinds([domain], reading)[0]
  if reading.window:
    domain = windowed(domain, reading)
  return scaled(domain, step) if (step := made.step(STEP)) is not None else domain


def windowed(domain: Domain, reading: Reading) -> Domain:
  """Cut recordings [n, t, c, 1] into windows, each with its recording's label.

  Raises:
    ValueError: windows of no length, or longer than the recordings.
  """
  size, stride = reading.window, reading.stride or max(reading.window // 2, 1)
  t = domain.train.x.shape[1]
  if not (0 < size <= t and stride > 0):
    raise ValueError(
      f"--window {size} --stride {stride} does not fit {domain.name}, whose recordings have {t} "
      "samples: give a window of 1 sample to that, and a stride of at least 1"
    )
  train, test = domain.train, domain.test
  if one_split(domain):
    known, starts = _cut(test, (0, t), size, stride)
    note = f"{domain.name}: {len(test.x)} recordings of {t} samples cut into {len(known.x)} windows"
    labels = None if train.y is None else np.repeat(train.y, len(starts))
    notes = (*domain.notes, f"{note} of {size}")
    return domain._replace(train=Split(known.x, labels), test=known, notes=notes, places=None)
  in_time = _in_time(domain)
  if in_time:
    train = test = Split(*_joined(domain))
    border = t - max(int(HELD_OUT * t), size)
    if border < size:
      raise ValueError(
        f"{domain.name} has one recording a class, too short to be split in time into windows of "
        f"{size} samples: lower --window, or give more recordings"
      )
    spans = (0, border), (border, t)
  else:
    spans = (0, t), (0, t)
  parts, places = [], []
  files = np.arange(len(train.x) + len(test.x)) if domain.places is None else domain.places
  of = (files, files) if in_time else (files[: len(train.x)], files[len(train.x) :])
  for split, span, recordings in zip((train, test), spans, of, strict=True):
    part, starts = _cut(split, span, size, stride)
    parts.append(part)
    places.append((recordings[:, None] * t + starts).reshape(-1))
  note = (
    f"{domain.name}: {len(train.x) + (0 if in_time else len(test.x))} recordings of {t} samples cut "
    f"into {len(parts[0].x)} training and {len(parts[1].x)} test windows of {size}"
  )
  if in_time:
    note += "; no class has two recordings, so the last part of each is the test split"
  # Positions of the windows in the file: what matters is their order.
  order = np.argsort(np.argsort(np.concatenate(places)))
  return domain._replace(train=parts[0], test=parts[1], notes=(*domain.notes, note), places=order)


def _cut(split: Split, span: tuple[int, int], size: int, stride: int) -> tuple[Split, np.ndarray]:
  """A split's windows within a span of time, recording by recording, and where they start."""
  starts = np.arange(span[0], span[1] - size + 1, stride)
  cut = np.lib.stride_tricks.sliding_window_view(np.asarray(split.x), size, axis=1)[:, starts]
  x = np.moveaxis(cut, -1, 2).reshape(-1, size, *split.x.shape[2:])
  y = None if split.y is None else np.repeat(split.y, len(starts))
  return Split(np.ascontiguousarray(x), y), starts


def _in_time(domain: Domain) -> bool:
  """Whether recordings cannot be held out: no class has two, or nobody knows and there are few."""
  y = domain.train.y
  if y is None or domain.test.y is None:
    return len(domain.train.x) + len(domain.test.x) < 5
  return int(np.bincount(np.concatenate([y, domain.test.y])).max()) < 2


def _joined(domain: Domain) -> tuple[np.ndarray, np.ndarray | None]:
  """All recordings of both splits, training first."""
  (x, y), (x_test, y_test) = domain.train, domain.test
  labels = None if y is None or y_test is None else np.concatenate([y, y_test])
  return np.concatenate([np.asarray(x), np.asarray(x_test)]), labels
