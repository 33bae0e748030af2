"""What every figure shares: canvas, colours, and how it is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  from matplotlib.figure import Figure

# Okabe and Ito's colours stay apart for colour-blind readers; styles and markers, in print.
COLOURS = (
  *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
  *("#8C510A", "#332288", "#999933", "#882255", "#44AA99"),
)
DPI = 120


def canvas(rows: int, columns: int, size: tuple[float, float]) -> "tuple[Figure, Any]":
  """A figure of `size` inches and its [rows, columns] axes.

  It is outside pyplot: no display, no globals.
  """
  from matplotlib.figure import Figure

  figure = Figure(figsize=size, dpi=DPI, layout="constrained")
  return figure, figure.subplots(rows, columns, squeeze=False)


def save(figure: "Figure | None", path: Path, *, photographs: bool = False) -> Path | None:
  """Writes a PNG of at most 256 colours.

  That is a third of the size, without a visible difference. None is no figure, and writes nothing.
  Of `photographs` all colours are kept: theirs would take the whole palette, and a legend's small
  patches would come out in the colours of others.
  """
  if figure is None:
    return None
  import numpy as np
  from matplotlib.backends.backend_agg import FigureCanvasAgg
  from PIL import Image

  from adapt.data import atomic_files

  drawn = FigureCanvasAgg(figure)
  drawn.draw()
  pixels = np.asarray(drawn.buffer_rgba())[..., :3]
  image = Image.fromarray(pixels)
  if not photographs:
    image = image.quantize(256, dither=Image.Dither.NONE)
  path.parent.mkdir(parents=True, exist_ok=True)
  with atomic_files.whole(path) as stream:
    image.save(stream, format=Image.registered_extensions()[path.suffix.lower()], optimize=True)
  return path
