"""What every figure shares: canvas, colours, and how it is written."""

import html
import io
import re
import textwrap
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure
  from matplotlib.legend import Legend

# Okabe and Ito's colours stay apart for colour-blind readers; styles and markers, in print.
COLOURS = (
  *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
  *("#8C510A", "#332288", "#999933", "#882255", "#44AA99"),
)
DPI = 120
COLUMN, PAGE = 3.3, 6.9  # inches, of a paper in two columns
SMALL = 7  # points, of its figures' letters


def canvas(rows: int, columns: int, size: tuple[float, float]) -> "tuple[Figure, Any]":
  """A figure of `size` inches and its [rows, columns] axes.

  It is outside pyplot: no display, no globals.
  """
  from matplotlib.figure import Figure

  figure = Figure(figsize=size, dpi=DPI, layout="constrained")
  return figure, figure.subplots(rows, columns, squeeze=False)


def entitle(axis: "Axes", text: str, size: float) -> None:
  """Writes a panel's title, in several lines if it is long.

  Args:
    axis: the panel.
    text: of which labels of many settings are long; they break behind hyphens too.
    size: of the letters, in points; one is taken for 0.56 times as wide as high.
  """
  points = 72 * axis.bbox.width / DPI  # before the layout, which leaves less between panels
  letters = int(1.15 * points / (0.56 * size))
  axis.set_title("\n".join(textwrap.wrap(text, letters)), fontsize=size)


def save(figure: "Figure | None", path: Path, *, photographs: bool = False) -> Path | None:
  """Writes a picture in its suffix's format; None is no figure.

  A PNG has at most 256 colours. That is a third of the size, without a visible difference. Of
  `photographs` all colours are kept: theirs would take the whole palette, and a legend's small
  patches would come out in the colours of others. A PDF or SVG is made for a paper, see `fitted`.
  """
  if figure is None:
    return None
  from adapt.data import atomic_files

  path.parent.mkdir(parents=True, exist_ok=True)
  with atomic_files.whole(path) as stream:
    if path.suffix == ".png":
      _raster(figure, stream, photographs)
    else:
      _vector(fitted(figure), stream, path.suffix.removeprefix("."))
  return path


def inline(figure: "Figure", told: str) -> str:
  """A figure as SVG within a page of HTML.

  It keeps its size. Black becomes the page's colour of text and white that of its background, so that
  it is read on a dark page too. Letters stay text.

  Args:
    figure: it is left without a background.
    told: what someone who does not see it is told.
  """
  for patch in (figure.patch, *(axis.patch for axis in figure.axes)):
    patch.set_visible(False)
  stream = io.BytesIO()
  _vector(figure, stream, "svg")
  text = stream.getvalue().decode()
  text = text[text.index("<svg") :]
  # Without notes, with no rule of style that would be the whole page's, and no name that nothing refers to.
  text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
  named = {*re.findall(r"#([\w.-]+)", text)}
  text = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in named else "", text)
  text = re.sub(r">\s+<", "><", text).replace("#000000", "currentColor")
  text = text.replace("#ffffff", "var(--color-background-primary, #ffffff)")
  said = f'role="img" aria-label="{html.escape(told)}" fill="currentColor"'
  shape = 'style="stroke-linejoin: round; stroke-linecap: butt"'
  return text.replace("<svg", f"<svg {said} {shape}", 1).strip()


def _raster(figure: "Figure", stream: IO[bytes], photographs: bool) -> None:
  import numpy as np
  from matplotlib.backends.backend_agg import FigureCanvasAgg
  from PIL import Image

  drawn = FigureCanvasAgg(figure)
  drawn.draw()
  pixels = np.asarray(drawn.buffer_rgba())[..., :3]
  image = Image.fromarray(pixels)
  if not photographs:
    image = image.quantize(256, dither=Image.Dither.NONE)
  image.save(stream, format="PNG", optimize=True)


def _vector(figure: "Figure", stream: IO[bytes], kind: str) -> None:
  """The same figure gives the same bytes; letters are fonts, as publishers ask."""
  from matplotlib import rc_context

  date = {"pdf": "CreationDate", "svg": "Date"}[kind]
  with rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "adapt"}):
    figure.savefig(stream, format=kind, metadata={date: None})


def fitted(figure: "Figure") -> "Figure":
  """A figure in the size of print.

  One panel is a column wide, several take a page's width. Letters are at most SMALL points, lines
  and markers shrink with the panel, and a legend beside the panel goes beneath it.
  """
  from matplotlib.lines import Line2D
  from matplotlib.text import Text

  places = [axis.get_subplotspec() for axis in figure.axes]
  panels = {place.colspan.start for place in places if place}
  width, height = figure.get_size_inches()
  wide = COLUMN if len(panels) == 1 else PAGE
  shrink = wide / width
  for text in figure.findobj(Text):
    text.set_fontsize(min(text.get_fontsize(), SMALL))
  if len(panels) == 1:
    for line in figure.findobj(Line2D):
      line.set(linewidth=0.6 * line.get_linewidth(), markersize=0.6 * line.get_markersize())
  for legend in list(figure.legends):
    if getattr(legend, "_outside_loc", None) == "right":
      _beneath(figure, legend)
      height += 0.2 * -(-len(legend.get_texts()) // 2) / shrink
  figure.set_size_inches(wide, max(height * shrink, 0.55 * wide))
  return figure


def _beneath(figure: "Figure", legend: "Legend") -> None:
  """The same legend in two columns below the axes."""
  names = [text.get_text() for text in legend.get_texts()]
  handles = [handle for handle in legend.legend_handles if handle is not None]
  title = legend.get_title().get_text()
  legend.remove()
  figure.legend(
    handles,
    names,
    loc="outside lower center",
    ncols=2,
    frameon=False,
    fontsize=SMALL - 1,
    title=title,
    title_fontsize=SMALL,
    handlelength=2.2,
    columnspacing=0.8,
    handletextpad=0.5,
  )
