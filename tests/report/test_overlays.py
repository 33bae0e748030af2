"""Overlays: a column each for image, records and truth; colours where a class is, and nowhere else."""

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image

from adapt.report import overlays, style

POINTS = {
  "images": np.full((2, 6, 8, 3), 100, np.uint8),
  "predicted": np.tile(np.arange(8, dtype=np.int16) % 3, (2, 6, 1)),
  "truth": np.full((2, 6, 8), -1, np.int16),
}


def test_unscored_pixels_stay_and_others_take_their_classes_colour():
  image, mask = POINTS["images"][0], POINTS["predicted"][0].copy()
  mask[:3] = -1
  found = overlays.overlaid(image, mask)
  np.testing.assert_array_equal(found[:3], image[:3])
  assert len({tuple(c) for c in found[3:].reshape(-1, 3)}) == 3
  assert not (found[3:] == image[3:]).all(axis=-1).any()


def test_a_figure_has_a_column_each(tmp_path):
  records = [{"label": n, "classes": ["a", "b", "c"]} for n in ("source_only", "adabn", "other")]
  points = {"source_only": POINTS, "adabn": POINTS}
  figure = overlays.overlays_figure(records, points)
  titles = [axis.get_title() for axis in figure.axes[:4]]
  assert titles == ["image", "source_only", "adabn", "truth"]
  assert overlays.overlays(records, points, tmp_path / "o.png").exists()
  assert overlays.overlays(records, {"other": {"features": 0}}, tmp_path / "n.png") is None


def test_the_legend_keeps_its_colours_beside_images_of_many(tmp_path):
  images = np.random.default_rng(0).integers(0, 256, (1, 60, 80, 3), np.uint8)
  points = {"adabn": {"images": images, "predicted": np.full((1, 60, 80), -1, np.int16)}}
  records = [{"label": "adabn", "classes": list("abcdefghijk")}]
  path = overlays.overlays(records, points, tmp_path / "o.png")
  with Image.open(path) as image:
    seen = {colour for _, colour in image.convert("RGB").getcolors(1 << 24)}
  assert {tuple(round(255 * v) for v in to_rgb(c)) for c in style.COLOURS} <= seen
