"""USPS, handwritten digits, 16x16 grey (Le Cun et al., 1990; Hull, 1994).

The digits are from US envelopes.

The release has floats in [-1, 1], -1 background and 1 ink. Here they are rounded to 8 bits,
`round((x + 1) / 2 * 255)`: background 0, ink 255, as in MNIST; the error is at most 1/510 of the
range.
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data import archives
from adapt.data.builders import base

_MOST = 2**26  # bytes of one file unpacked: the 7291 images are 17 MB

URL = "https://hastie.su.domains/ElemStatLearn/datasets/"
FILES = {"train": "zip.train.gz", "test": "zip.test.gz"}

_CITATION = """\
@article{hull1994database,
  title = {A database for handwritten text recognition research},
  author = {Hull, Jonathan J.},
  journal = {IEEE Transactions on Pattern Analysis and Machine Intelligence},
  volume = {16}, number = {5}, pages = {550--554}, year = {1994}
}"""


def to_bytes(x: np.ndarray) -> np.ndarray:
  """Convert greys in [-1, 1] to uint8 0 … 255, rounded.

  Raises ValueError outside of that range.
  """
  if not (np.isfinite(x).all() and x.min() >= -1 and x.max() <= 1):
    raise ValueError("USPS greys must lie in [-1, 1]: the file is damaged, fetch it again")
  return np.rint((x.astype(np.float64) + 1) * 127.5).astype(np.uint8)


def read_zip_text(path: Path) -> base.Arrays:
  """Read the release's gzipped text of digits.

  It has a line per image: the digit, then 256 greys row by row.

  Returns:
    x [n, 16, 16] float64 in [-1, 1] and y [n] int64.

  Raises:
    ValueError: as `archives.gunzipped`; not lines of 257 numbers.
  """
  text = archives.gunzipped(Path(path), _MOST)
  try:
    rows = np.array(
      [line.split() for line in text.decode("ascii").splitlines() if line.strip()], np.float64
    )
  except ValueError as error:
    raise ValueError(f"{path} is not gzipped lines of numbers: download it again") from error
  if rows.ndim != 2 or rows.shape[1] != 257:
    raise ValueError(f"{path} does not have 257 numbers a line: download it again")
  return rows[:, 1:].reshape(-1, 16, 16), rows[:, 0].astype(np.int64)


class Usps(base.ArrayBuilder):
  """USPS: 7291 training and 2007 test images, [16, 16, 1].

  The split is that of the release.

  A folder given as source holds `digits/usps.npz` with train_images, train_labels, test_images,
  test_labels.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.DIGITS
  SIZES = {None: {"train": 7291, "test": 2007}}  # noqa: RUF012
  HOMEPAGE = "https://hastie.su.domains/ElemStatLearn/data.html"
  LICENSE = "No licence is stated; made available by the neural network group of AT&T."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    None: tuple(base.Published(name, (URL + name,), most=2**24) for name in FILES.values())
  }

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (16, 16, 1),
      "Digits from envelopes, deslanted and size-normalised to fill the frame; greys in [-1, 1] "
      "rounded to 8 bits. Order and split of the release.",
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    keys = ("train_images", "train_labels", "test_images", "test_labels")
    x, y, x_test, y_test = base.read_array_file(folder / "digits" / "usps.npz", keys)
    return {"train": (to_bytes(x)[..., None], y), "test": (to_bytes(x_test)[..., None], y_test)}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    arrays = dict(zip(FILES, map(read_zip_text, self._fetched()), strict=True))
    return {split: (to_bytes(x)[..., None], y) for split, (x, y) in arrays.items()}
