"""MNIST-M, digits blended over photographs (Ganin et al., 2016, arXiv:1505.07818).

MNIST digits, 32x32 RGB.

Training image k is made from training image k of MNIST, and likewise for the test images: source
and target are paired, 59001 and 9001 of them (not 60000 and 10000).
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, citations, layout

ROWS, COLUMNS, SIDE = 20, 50, 32  # the tiles of a sheet

_MANUAL = """\
MNIST-M is published as mnist_m.tar.gz, linked from http://yaroslav.ganin.in (a file host without
a stable address). Unpack it in the manual folder, so that it holds mnist_m/mnist_m_train/*.png,
mnist_m/mnist_m_train_labels.txt and the same for test."""


def read_image(path: Path) -> np.ndarray:
  """Read an image file as [h, w, 3] uint8.

  Raises ValueError if it cannot be read.
  """
  return layout.pixels(path.read_bytes(), str(path))


def read_sheets(folder: Path, split: str) -> base.Arrays:
  """Read a split packed as image sheets.

  Each `{split}_NNN.webp` has 20 rows of 50 tiles. `{split}_labels.npy` has the labels.

  Returns:
    x [n, 32, 32, 3] uint8 and y [n]; the zero tiles that fill up the last sheet are cut off.
  """
  labels, files = folder / f"{split}_labels.npy", sorted(folder.glob(f"{split}_*.webp"))
  if not labels.is_file() or not files:
    raise ValueError(f"no {labels.name} and {split}_*.webp in '{folder}': give --from their parent")
  y = np.load(labels, allow_pickle=False)
  x = np.empty((len(files) * ROWS * COLUMNS, SIDE, SIDE, 3), np.uint8)
  for tiles, path in zip(x.reshape(len(files), ROWS, COLUMNS, SIDE, SIDE, 3), files, strict=True):
    sheet = read_image(path)
    if sheet.shape != (ROWS * SIDE, COLUMNS * SIDE, 3):
      raise ValueError(f"{path} is not a sheet of {COLUMNS}x{ROWS} tiles: fetch it again")
    tiles[:] = sheet.reshape(ROWS, SIDE, COLUMNS, SIDE, 3).swapaxes(1, 2)
  return x[: len(y)], y


def read_release(folder: Path, split: str) -> base.Arrays:
  """Read a split as published: a label list and PNG files.

  The list `mnist_m_{split}_labels.txt` has lines "file digit".
  """
  path = folder / f"mnist_m_{split}_labels.txt"
  if not path.is_file():
    raise ValueError(f"no file '{path}': unpack mnist_m.tar.gz there (see the builder's text)")
  lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
  if any(len(line) != 2 or not line[1].isdecimal() for line in lines):
    raise ValueError(f"{path} must have lines of a file name and a digit: fetch it again")
  images = [read_image(folder / f"mnist_m_{split}" / name) for name, _ in lines]
  if any(image.shape != (SIDE, SIDE, 3) for image in images):
    raise ValueError(f"an image of {folder} is not {SIDE}x{SIDE}: fetch the release again")
  return np.stack(images), np.array([int(digit) for _, digit in lines])


class MnistM(base.ArrayBuilder):
  """MNIST-M: 59001 training and 9001 test images [32, 32, 3].

  A folder given as source holds the sheets in `digits/mnist_m` (see `read_sheets`).
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.DIGITS
  SIZES = {None: {"train": 59001, "test": 9001}}  # noqa: RUF012
  HOMEPAGE = "http://yaroslav.ganin.in"
  LICENSE = "No licence is stated for the data."
  CITATION = citations.GANIN_2016
  MANUAL = MANUAL_DOWNLOAD_INSTRUCTIONS = _MANUAL
  FILES = {None: (base.Published("mnist_m.tar.gz"),)}  # noqa: RUF012

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (SIDE, SIDE, 3),
      "MNIST digits, each blended with a patch of a BSDS500 photograph by absolute difference. "
      "Order of the release: image k comes from image k of MNIST.",
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    sheets = folder / "digits" / "mnist_m"
    return {split: read_sheets(sheets, split) for split in self._sizes()}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    try:
      folder = Path(dl_manager.manual_dir) / "mnist_m"
    except AssertionError as error:  # absent or empty; TFDS's message has several lines
      where = self.data_dir_root / "downloads" / "manual"
      raise ValueError(
        "MNIST-M has to be downloaded by hand: unpack mnist_m.tar.gz (linked from "
        f"http://yaroslav.ganin.in) in '{where}'"
      ) from error
    return {split: read_release(folder, split) for split in self._sizes()}
