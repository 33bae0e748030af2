"""Pictures of data: contact sheets of images or spectrograms, class balance."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapt.data import atomic_files
from adapt.data.audit import Report
from adapt.data.domain import Domain
from adapt.data.images import Images, take

if TYPE_CHECKING:
  from PIL.Image import Image

CELL, GAP, LETTER = 72, 4, 8  # pixels: a picture, between two, and a letter of a class name
MOST_ROWS = 100  # classes on one sheet
_BANDS = 8  # channels from which a series is drawn as a spectrogram


def sheet(domain: Domain, path: str | Path, columns: int = 8) -> Path:
  """Draws training images as a contact sheet, one class a row.

  Recordings are drawn as spectrograms: time to the right, low bands at the bottom, loud ones bright.

  Args:
    domain: of images, or of series of bands; one whose labels are unknown fills rows without names.
    path: of the PNG.
    columns: images a row, evenly spaced over the class.

  Raises:
    ValueError: the domain has no images, or more classes than fit on a sheet.
  """
  from PIL import Image, ImageDraw, ImageFont

  x, y = domain.train
  if x.ndim != 4 or x.shape[-1] not in (1, 3):
    raise ValueError(
      f"{domain.name} has examples of shape {list(x.shape[1:])}, not images to show: adapt data audit "
      "says what is in it"
    )
  sound = domain.kind == "series"
  if sound and x.shape[2] < _BANDS:
    raise ValueError(
      f"{domain.name} has series of {x.shape[2]} channels, which are no bands of a spectrogram to show: "
      "adapt data audit says what is in it"
    )
  if y is None:
    some = np.unique(np.linspace(0, len(x) - 1, min(len(x), 4 * columns)).astype(int))
    rows = [("", some[start : start + columns]) for start in range(0, len(some), columns)]
  else:
    rows = []
    for k, name in enumerate(domain.classes):
      of = np.flatnonzero(y == k)
      some = of[np.unique(np.linspace(0, len(of) - 1, min(len(of), columns)).astype(int))]
      rows.append((f"{name}\n{len(of)}", some))
  if len(rows) > MOST_ROWS:
    raise ValueError(f"{domain.name} has {len(rows)} classes, more than {MOST_ROWS} fit on a sheet")
  letters = max(len(line) for name, _ in rows for line in _wrapped(name).split("\n"))
  left = 2 * GAP + LETTER * letters
  size = (left + columns * (CELL + GAP), GAP + len(rows) * (CELL + GAP))
  canvas = Image.new("RGB", size, "white")
  every = np.concatenate([of for _, of in rows])
  # Of sounds a few loud cells would leave all others dark.
  low, high = (0.01, 0.995) if sound else (0.0, 1.0)
  span = (0.0, 255.0) if x.dtype == np.uint8 else tuple(np.quantile(x[every], (low, high)).tolist())
  draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(13)
  for r, (name, of) in enumerate(rows):
    top = GAP + r * (CELL + GAP)
    draw.multiline_text((GAP, top + CELL // 2), _wrapped(name), "black", font, anchor="lm")
    for c, picture in enumerate(_pictures(x, of, span, sound)):
      canvas.paste(picture, (left + c * (CELL + GAP), top))
  path = Path(path)
  path.parent.mkdir(parents=True, exist_ok=True)
  with atomic_files.whole(path) as stream:
    canvas.save(stream, format="PNG", optimize=True)
  return path


def _wrapped(name: str) -> str:
  """Names of up to three lines of 20 letters."""
  first, _, count = name.partition("\n")
  lines = [first[i : i + 20] for i in range(0, len(first), 20)][:2]
  return "\n".join([*lines, count]).strip()


def _pictures(
  x: Any, rows: np.ndarray, span: tuple[float, float], sound: bool = False
) -> "list[Image]":
  """Some images as squares, floats from black to white over a span.

  Small ones are enlarged without smoothing, as the network sees them. Series [t, bands] are coloured, and
  smoothed, as their cells are no pixels.
  """
  from PIL import Image

  images = x.resized(CELL)[rows] if isinstance(x, Images) else np.asarray(take(x, rows))
  if images.dtype != np.uint8:
    low, high = span
    images = (np.clip(images, low, high) - low) * (255 / max(high - low, 1e-12))
    images = np.rint(images).astype(np.uint8)
  if sound:
    images = _spectrograms(images)
  made = []
  for image in images:
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    large = sound or max(picture.size) > CELL
    how = Image.Resampling.BILINEAR if large else Image.Resampling.NEAREST
    made.append(picture.resize((CELL, CELL), how))
  return made


def _spectrograms(images: np.ndarray) -> np.ndarray:
  """Series [n, t, bands, 1] uint8 as pictures [n, bands, t, 3], the lowest band at the bottom."""
  from matplotlib import colormaps

  turned = images[..., 0].transpose(0, 2, 1)[:, ::-1]
  return np.asarray(colormaps["magma"](turned, bytes=True)[..., :3])


def balance(report: Report, path: str | Path) -> Path:
  """Draws each class's share of every labelled split as bars.

  Raises:
    ValueError: no split has labels, or they are no classes.
  """
  from matplotlib.figure import Figure

  from adapt.report.style import COLOURS, DPI

  if report.output != "classes":
    raise ValueError(f"the labels are {report.output}, without class balance: leave out --plot")
  known = {name: np.array(counts) for name, counts in report.balance.items() if counts}
  if not known:
    raise ValueError("no split has labels: there is no class balance to draw")
  size = len(report.classes)
  figure = Figure(figsize=(max(6.0, 1.5 + 0.3 * size), 4.2), dpi=DPI, layout="constrained")
  axis = figure.subplots()
  wide = 0.8 / len(known)
  domains = list(dict.fromkeys(name.rpartition(" ")[0] for name in known))
  for i, (name, counts) in enumerate(known.items()):
    domain, _, split = name.rpartition(" ")
    axis.bar(
      np.arange(size) + (i + 0.5) * wide - 0.4,
      100 * counts / max(counts.sum(), 1),
      wide,
      color=COLOURS[domains.index(domain) % len(COLOURS)],
      alpha=1.0 if split == "train" else 0.45,
      label=f"{name} ({counts.sum()})",
    )
  turned = 90 if sum(map(len, report.classes)) > 60 else 0
  axis.set_xticks(np.arange(size), report.classes, rotation=turned, fontsize=9)
  axis.set_xlim(-0.6, size - 0.4)
  axis.set_xlabel("class")
  axis.set_ylabel("% of the split's examples")
  axis.grid(axis="y", alpha=0.3)
  axis.set_axisbelow(True)
  figure.legend(loc="outside upper center", ncols=2, fontsize=9, frameon=False)
  path = Path(path)
  path.parent.mkdir(parents=True, exist_ok=True)
  with atomic_files.whole(path) as stream:
    figure.savefig(stream, format="png")
  return path
