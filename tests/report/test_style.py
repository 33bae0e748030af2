"""A canvas has as many axes as asked for and ends up as a small PNG."""

import itertools
import re

import pytest
from PIL import Image

from adapt.report import style


def test_a_canvas_is_written_as_a_palette_picture(tmp_path):
  figure, axes = style.canvas(1, 2, (4, 2))
  assert axes.shape == (1, 2)
  axes[0][0].plot([0, 1], [0, 1], color=style.COLOURS[0])
  path = style.save(figure, tmp_path / "deep" / "a.png")
  with Image.open(path) as image:
    assert image.mode == "P" and image.size == (4 * style.DPI, 2 * style.DPI)


@pytest.mark.parametrize("columns", [1, 3])
def test_a_title_of_many_settings_stays_within_the_figure(columns):
  figure, axes = style.canvas(1, columns, (4.3 * columns + 1.2, 4))
  label = (
    "after: dann-batch_size=32-model=Net-optimizer=optax-8af053fb-steps=400-weight=0.5 (77.7 %)"
  )
  for axis in axes[0]:
    style.entitle(axis, label, 11)
  figure.draw_without_rendering()
  spans = [axis.title.get_window_extent() for axis in axes[0]]
  assert spans[0].x0 >= 0 and spans[-1].x1 <= figure.bbox.width
  assert all(a.x1 < b.x0 for a, b in itertools.pairwise(spans))  # nor beside another's
  assert axes[0][0].title.get_text().replace("\n", "").replace(" ", "") == label.replace(" ", "")
  style.entitle(axes[0][0], "after: dann (88.1 ± 3.9 %)", 11)
  assert axes[0][0].title.get_text() == "after: dann (88.1 ± 3.9 %)"


def test_a_vector_picture_has_a_column_s_or_a_page_s_width_and_no_date(tmp_path):
  for panels, wide in ((1, style.COLUMN), (2, style.PAGE)):
    figure, axes = style.canvas(1, panels, (8, 4))
    axes[0][0].plot([0, 1], [0, 1], label="dann")
    axes[0][0].set_title("title", fontsize=12)
    figure.legend(loc="outside right center")
    first = style.save(figure, tmp_path / "a.svg").read_text("utf-8")
    size = re.search(r'<svg [^>]*?width="([\d.]+)pt"', first)
    assert float(size[1]) == pytest.approx(72 * wide, abs=0.1)
    assert ">dann</text>" in first and "<dc:date>" not in first
    assert max(map(float, re.findall(r"font-size: ([\d.]+)px", first))) <= style.SMALL
  assert style.save(figure, tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
  assert b"CreationDate" not in (tmp_path / "a.pdf").read_bytes()


def test_colours_differ():
  assert len(set(style.COLOURS)) == len(style.COLOURS)


def test_a_figure_within_a_page_takes_its_colours_and_disturbs_nothing():
  def drawn():
    figure, axes = style.canvas(1, 1, (4, 2))
    axes[0][0].plot([0, 1], [0, 1], color=style.COLOURS[0], marker="o")
    axes[0][0].set_title("the title")
    return style.inline(figure, 'a "line" < another')

  text = drawn()
  assert text == drawn() and text.startswith("<svg ") and text.endswith("</svg>")
  assert 'role="img" aria-label="a &quot;line&quot; &lt; another" fill="currentColor"' in text
  assert ">the title</text>" in text and 'width="288pt"' in text
  assert "#000000" not in text and "#ffffff" not in text and "stroke: currentColor" in text
  assert style.COLOURS[0].lower() in text
  assert "<style" not in text and "<metadata" not in text and "<!--" not in text
  named = set(re.findall(r' id="([^"]*)"', text))
  assert named and all(f"#{name}" in text for name in named)
