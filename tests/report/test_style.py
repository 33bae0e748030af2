"""A canvas has as many axes as asked for and ends up as a small PNG."""

from PIL import Image

from adapt.report import style


def test_a_canvas_is_written_as_a_palette_picture(tmp_path):
  figure, axes = style.canvas(1, 2, (4, 2))
  assert axes.shape == (1, 2)
  axes[0][0].plot([0, 1], [0, 1], color=style.COLOURS[0])
  path = style.save(figure, tmp_path / "deep" / "a.png")
  with Image.open(path) as image:
    assert image.mode == "P" and image.size == (4 * style.DPI, 2 * style.DPI)


def test_colours_differ():
  assert len(set(style.COLOURS)) == len(style.COLOURS)
