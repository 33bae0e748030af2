"""MNIST, handwritten digits, 28x28 grey (LeCun, Bottou, Bengio and Haffner, 1998).

TFDS has `mnist`, but its builder gives NumPy images to the Image feature and reads through
TensorFlow's file layer, so it cannot be prepared without TensorFlow. This one has the same features
and the name `mnist_digits`: it never collides with a TFDS `mnist` prepared in another file format.
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data import archives
from adapt.data.builders import base

_MOST = 2**26  # bytes of one file unpacked: the 60000 images are 47 MB

MIRRORS = (
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
FILES = {
  "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
  "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}

_CITATION = """\
@article{lecun1998gradient,
  title = {Gradient-based learning applied to document recognition},
  author = {LeCun, Yann and Bottou, L{\\'e}on and Bengio, Yoshua and Haffner, Patrick},
  journal = {Proceedings of the IEEE}, volume = {86}, number = {11}, pages = {2278--2324},
  year = {1998}
}"""


def read_idx(path: Path) -> np.ndarray:
  """Read the uint8 array of a gzipped IDX file.

  Format: magic 0 0 8 ndim, then ndim big-endian int32 sizes, then bytes.

  Raises:
    ValueError: as `archives.gunzipped`; not IDX, not bytes, or cut short.
  """
  data = archives.gunzipped(Path(path), _MOST)
  if len(data) < 4 or data[:3] != b"\x00\x00\x08":
    raise ValueError(f"{path} is not an IDX file of bytes: download it again")
  start = 4 + 4 * data[3]
  shape = np.frombuffer(data[4:start], ">i4")
  if len(data) - start != shape.prod(dtype=np.int64):
    raise ValueError(f"{path} holds {len(data) - start} values, not {shape}: download it again")
  return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


class MnistDigits(base.ArrayBuilder):
  """MNIST: 60000 training and 10000 test images, [28, 28, 1].

  The digits are white on black.

  A folder given as source holds `digits/mnist.npz` with train_images, train_labels, test_images,
  test_labels.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.DIGITS
  SIZES = {None: {"train": 60000, "test": 10000}}  # noqa: RUF012
  HOMEPAGE = "http://yann.lecun.com/exdb/mnist/"
  LICENSE = "No licence is stated by the authors; CC BY-SA 3.0 according to several mirrors."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    None: tuple(
      base.Published(name, tuple(mirror + name for mirror in MIRRORS))
      for pair in FILES.values()
      for name in pair
    )
  }

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (28, 28, 1), "Handwritten digits, size-normalised and centred. Order of the release."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    keys = ("train_images", "train_labels", "test_images", "test_labels")
    x, y, x_test, y_test = base.read_array_file(folder / "digits" / "mnist.npz", keys)
    return {"train": (x[..., None], y), "test": (x_test[..., None], y_test)}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    for mirror in MIRRORS:
      urls = {split: [mirror + name for name in names] for split, names in FILES.items()}
      try:
        paths = dl_manager.download(urls)
        break
      except (OSError, tfds.download.DownloadError):
        if mirror == MIRRORS[-1]:
          raise
    arrays = {split: [read_idx(path) for path in pair] for split, pair in paths.items()}
    return {split: (x[..., None], y) for split, (x, y) in arrays.items()}
