"""The contact sheet shows each class in its row; the balance plot is drawn for what has labels."""

import numpy as np
import pytest
from PIL import Image

from adapt.data import Domain, Split
from adapt.data.audit import Report
from adapt.report import data_figures

STEP = data_figures.CELL + data_figures.GAP


def opened(path):
  with Image.open(path) as image:
    return np.asarray(image.convert("RGB"))


def domain(x, y=None, classes=()):
  split = Split(x, y)
  return Domain("mine", split, split, classes)


def shades(dtype=np.uint8, channels=1):
  """Thirty images of three classes: class k has the shade 100 k."""
  y = np.arange(30, dtype=np.int32) % 3
  return np.tile(100 * y[:, None, None, None], (1, 6, 5, channels)).astype(dtype), y


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, 1), (np.uint8, 3), (np.float32, 3)])
def test_a_class_is_a_row(tmp_path, dtype, channels):
  x, y = shades(dtype, channels)
  path = data_figures.sheet(
    domain(x, y, ("a", "bee", "see")), tmp_path / "new/sheet.png", columns=4
  )
  sheet = opened(path)
  assert sheet.shape[0] == 3 * STEP + data_figures.GAP
  left = sheet.shape[1] - 4 * STEP
  for k in range(3):
    row = sheet[data_figures.GAP + k * STEP :][: data_figures.CELL]
    shade = (0, 128, 255)[k] if dtype == np.float32 else 100 * k
    for c in range(4):
      assert (row[:, left + c * STEP :][:, : data_figures.CELL] == shade).all()
    assert (row[:, :left] < 100).any()  # the name


def test_unlabelled_images_and_rare_classes(tmp_path):
  x, y = shades()
  sheet = opened(data_figures.sheet(domain(x), tmp_path / "a.png", columns=8))
  assert sheet.shape[0] == 4 * STEP + data_figures.GAP  # 30 images in rows of eight
  path = data_figures.sheet(
    domain(x[:3], y[:3], ("a", "b", "c", "d")), tmp_path / "b.png", columns=8
  )
  assert opened(path).shape[0] == 4 * STEP + data_figures.GAP


def test_what_cannot_be_shown(tmp_path):
  with pytest.raises(ValueError, match=r"mine has examples of shape \[5\], not images to show"):
    data_figures.sheet(domain(np.zeros((4, 5))), tmp_path / "a.png")
  many = domain(*shades(), tuple(map(str, range(101))))
  with pytest.raises(ValueError, match=r"mine has 101 classes, more than 100 fit on a sheet"):
    data_figures.sheet(many, tmp_path / "a.png")


def test_balance(tmp_path):
  balance = {"s train": [8, 2], "s test": [2, 1], "t train": None, "t test": [3, 0]}
  path = data_figures.balance(Report((), ("cat", "dog"), balance), tmp_path / "new/b.png")
  image = opened(path)
  for colour in ((0x00, 0x72, 0xB2),):  # the first of canvas.COLOURS, in full only for s train
    assert (image == colour).all(axis=-1).sum() > 500
  with pytest.raises(ValueError, match=r"no split has labels"):
    data_figures.balance(Report((), (), {"t train": None}), tmp_path / "b.png")


def test_a_spectrogram_has_low_bands_at_the_bottom_and_time_to_the_right(tmp_path):
  x = np.zeros((6, 20, 10, 1), np.float32)
  x[:, :, 0] = 1  # a low hum
  x[:, -2:, 9] = 1  # a high click in the end
  y = np.arange(6, dtype=np.int32) % 2
  path = data_figures.sheet(domain(x, y, ("a", "b"))._replace(kind="series"), tmp_path / "s.png", 3)
  sheet = opened(path).astype(int).sum(axis=-1)
  cell = data_figures.CELL
  first = sheet[data_figures.GAP :][:cell, sheet.shape[1] - 3 * STEP :][:, :cell]
  assert first[-3:].min() > 500 and first[: cell // 2, : cell // 2].max() < 60
  assert first[:3, -4:].min() > 500 and first[:3, : cell // 2].max() < 60
  few = domain(x[:, :, :3], y, ("a", "b"))._replace(kind="series")
  with pytest.raises(ValueError, match="series of 3 channels, which are no bands"):
    data_figures.sheet(few, tmp_path / "s.png")
