"""A canvas has as many axes as asked for and ends up as a small PNG."""

from PIL import Image

from adapt import canvas


def test_a_canvas_is_written_as_a_palette_picture(tmp_path):
  figure, axes = canvas.canvas(1, 2, (4, 2))
  assert axes.shape == (1, 2)
  axes[0][0].plot([0, 1], [0, 1], color=canvas.COLOURS[0])
  path = canvas.save(figure, tmp_path / "deep" / "a.png")
  with Image.open(path) as image:
    assert image.mode == "P" and image.size == (4 * canvas.DPI, 2 * canvas.DPI)


def test_colours_differ():
  assert len(set(canvas.COLOURS)) == len(canvas.COLOURS)
