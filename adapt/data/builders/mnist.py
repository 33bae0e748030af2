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
FILES = {  # SHA-256 and bytes
  "train-images-idx3-ubyte.gz": (
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    9_912_422,
  ),
  "train-labels-idx1-ubyte.gz": (
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    28_881,
  ),
  "t10k-images-idx3-ubyte.gz": (
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    1_648_877,
  ),
  "t10k-labels-idx1-ubyte.gz": (
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    4_542,
  ),
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
      base.Published(name, tuple(mirror + name for mirror in MIRRORS), *known)
      for name, known in FILES.items()
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
    x, y, x_test, y_test = map(read_idx, self._fetched())
    return {"train": (x[..., None], y), "test": (x_test[..., None], y_test)}
