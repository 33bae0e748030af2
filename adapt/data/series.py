"""Series as inputs: told from pictures, cut or padded, and standardised.

They are standardised by channel. Series are [n, t, c, 1] float32, or `Ragged` until they are cut
into windows (see `windows`) or padded (see `ragged`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import ragged, scaling
from adapt.data.column_names import each_split
from adapt.data.domain import Domain
from adapt.data.raw import Ragged, Table, as_ragged
from adapt.data.reading import Reading
from adapt.data.windows import windowed

STEP = "series"


def kinds(domains: Sequence[Domain], reading: Reading) -> list[Domain]:
  """Say which of a user's arrays are series, and which pictures.

  Floats [n, a, b] (or [n, a, b, 1]) are series of `a` steps if a ≠ b, else pictures. `reading.kind`
  overrules that, and with `reading.window` also vectors [n, t] are series, as they are beside series
  of several lengths.

  Raises:
    ValueError: inputs that cannot be of the kind asked for.
  """
  if several := [d.name for d in domains if ragged.is_in(d)]:
    if reading.kind not in ("", "series"):
      raise ValueError(
        f"--kind {reading.kind} does not go with {several[0]}, which has series of several lengths: "
        "drop it"
      )
    if strange := [d for d in domains if d.kind not in ("", "series")]:
      raise ValueError(
        f"{several[0]} has series of several lengths and {strange[0].name} inputs of kind "
        f"{strange[0].kind}: give series to all domains"
      )
    reading = reading._replace(kind="series")
  return [_kind(d, reading) if ragged.is_in(d) or not d.kind else d for d in domains]


def _kind(domain: Domain, reading: Reading) -> Domain:
  x: Any = domain.train.x
  if ragged.is_in(domain):
    return each_split(domain, lambda x: as_ragged(x, domain.name))._replace(kind="series")
  floats = isinstance(x, np.ndarray) and x.dtype.kind == "f"
  wanted = "series" if reading.window and not reading.kind else reading.kind
  if wanted == "series":
    if not floats or x.ndim not in (2, 4):
      found = "a table" if isinstance(x, Table) else f"{x.dtype} {x.shape}"
      more = "" if reading.kind else ", which --window cuts"
      raise ValueError(f"{domain.name} is {found}: series are floats [n, t] or [n, t, c]{more}")
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
  """Cut series into windows or pad them, and standardise them.

  The scale is that of the sources' training examples.

  Args:
    domains: of series; the sources, then the target.
    reading: `window`, `stride` and `scale`.
    own: whether all are a user's own; others are scaled only where `reading.scale` says so.

  Raises:
    ValueError: windows longer than a recording, channels that differ.
  """
  found = [windowed(d, reading) for d in domains] if reading.window else list(domains)
  lengths = ragged.fitted(found)
  if lengths is not None:
    found = [ragged.cut(d, lengths) for d in found]
  elif len({d.train.x.shape[2:] for d in found}) > 1:
    return found, []  # refused with the shapes, where domains are compared
  found, steps = _standardised(found, reading.scale or ("standard" if own else "none"))
  if lengths is None:
    return found, steps
  note = (
    f"series are padded to {lengths['length']} steps, with one more channel that is 1 at real steps "
    "and 0 at padded ones"
  )
  found = [ragged.padded(d, lengths) for d in found]
  found[0] = found[0]._replace(notes=(*found[0].notes, note))
  return found, [*steps, lengths]


def _standardised(domains: list[Domain], how: str) -> tuple[list[Domain], list[dict[str, Any]]]:
  """The domains with their channels scaled, and with what the target was; padding comes later."""
  if how == "none":
    return domains, []
  sources = [domains[-1]] if how == "per-domain" else domains[:-1] or domains

  def fitted(parts: Sequence[Domain]) -> dict[str, Any]:
    return {**scaling.fit([_steps(d.train.x) for d in parts], how), "step": STEP}

  step = fitted(sources)
  steps = [fitted([d]) if how == "per-domain" else step for d in domains]
  return [scaled(d, s) for d, s in zip(domains, steps, strict=True)], [step]


def _steps(x: Any) -> np.ndarray:
  """All steps of all series, [sum t, c]."""
  if isinstance(x, Ragged):
    return np.concatenate(x.values)
  return np.asarray(x).reshape(-1, x.shape[2])


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

  def of(x: Any) -> Any:
    if isinstance(x, Ragged):
      return Ragged([scaling.scaled(value, step) for value in x.values])
    return scaling.scaled(x[..., 0], step)[..., None]

  return each_split(domain, of)


def later(domain: Domain, made: Any) -> Domain:
  """Treat later data as the series of a task.

  Kind, windows, scale and length are the task's.

  Args:
    domain: as `data.read` gives it.
    made: the `Preprocessing` of the task.

  Raises:
    ValueError: series of several lengths, where the task had one.
  """
  reading = Reading(
    **{n: made.reading[n] for n in ("kind", "window", "stride") if n in made.reading}
  )
  lengths = made.step(ragged.STEP)
  if lengths is not None:
    reading = reading._replace(kind="series")
  elif not reading.window:
    refuse_several(domain)
  domain = kinds([domain], reading)[0]
  if reading.window:
    domain = windowed(domain, reading)
  if lengths is not None:
    domain = ragged.cut(domain, lengths)
  domain = scaled(domain, step) if (step := made.step(STEP)) is not None else domain
  return domain if lengths is None else ragged.padded(domain, lengths)


def refuse_several(domain: Domain) -> None:
  """Raise ValueError for series of several lengths, where a model takes one."""
  if ragged.is_in(domain):
    raise ValueError(
      f"{domain.name} has series of {ragged.spread(domain.train.x)} steps, and the model was trained "
      "on inputs of one shape: give such"
    )
