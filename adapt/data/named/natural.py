"""Photographs that TFDS itself publishes: CIFAR-10 and STL-10's shared classes, PatchCamelyon.

CIFAR-9 ↔ STL-9 drops the class that the other lacks, frog and monkey, and numbers the nine others
in CIFAR's order (French, Mackiewicz and Fisher, 2018, arXiv:1706.05208). STL's 96x96 images are
resized to CIFAR's 32x32.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from adapt.data import images, prepared
from adapt.data.builders import Description
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None

NINE = ("airplane", "automobile", "bird", "cat", "deer", "dog", "horse", "ship", "truck")
TISSUES = ("normal", "tumour")
# For each of the set's own ten labels, the place in NINE; -1 is dropped.
_CIFAR = np.array([0, 1, 2, 3, 4, 5, -1, 6, 7, 8], np.int32)  # … dog, frog, horse …
_STL = np.array([0, 2, 1, 3, 4, 5, 6, -1, 7, 8], np.int32)  # airplane, bird, car … monkey …


def cifar9(data_dir: DataDir) -> Domain:
  """CIFAR-10 without frogs [32, 32, 3]: 45000 training and 9000 test images."""
  return _nine("cifar9", "cifar10", _CIFAR, data_dir)


def stl9(data_dir: DataDir) -> Domain:
  """STL-10 without monkeys [32, 32, 3]: 4500 and 7200 images.

  The images are resized. They are 4500 for training and 7200 for test.
  """
  return _nine("stl9", "stl10", _STL, data_dir)


def patch_camelyon(data_dir: DataDir) -> Domain:
  """Lymph node patches [96, 96, 3], labelled for tumour.

  The label says whether the centre has tumour. There are 262144 and 32768 images.

  Encoded: decoded, the training images take 7 GB. TFDS has no hospital for an image, so that this
  is one domain, a source or target for another set of tissue.
  """

  def read(split: str) -> Split:
    x, y = prepared.images("patch_camelyon", split, data_dir)
    return Split(x.resized(96), y.astype(np.int32))

  return Domain("patch_camelyon", read("train"), read("test"), TISSUES)


def _nine(name: str, stored: str, places: np.ndarray, data_dir: DataDir) -> Domain:
  def read(split: str) -> Split:
    x, y = prepared.arrays(stored, split, data_dir)
    rows = np.flatnonzero(places[y] >= 0)
    return Split(images.resized(x[rows], 32), places[y[rows]])

  return Domain(name, read("train"), read("test"), NINE)


def _tfds(
  name: str, classes: tuple[str, ...], sizes: dict[str, Any], terms: str, homepage: str
) -> Description:
  """Describe one of TFDS's own sets for a listing.

  These sets have no builder here.
  """
  packages = "tensorflow h5py" if name == "patch_camelyon" else "tensorflow"
  manual = (
    f"TFDS prepares it, for which it needs TensorFlow once: pip install {packages}, then python -c "
    f"\"import tensorflow_datasets as tfds; tfds.builder('{name}', file_format='array_record')"
    '.download_and_prepare()"'
  )
  configs = tuple(n for n, part in sizes.items() if isinstance(part, dict))
  by_config: dict[Any, dict[str, int]] = sizes if configs else {None: sizes}
  if configs:
    manual = manual.replace(f"'{name}'", f"'{name}/CONFIG'")
  return Description(name, configs, classes, by_config, terms, homepage, manual, False)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  "cifar9": cifar9,
  "stl9": stl9,
  "patch_camelyon": patch_camelyon,
}

# What a person must do for each of TFDS's own sets that a named domain reads.
TFDS_SETS = (
  _tfds(
    "cifar10",
    ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    {"train": 50000, "test": 10000},
    "No licence is stated for the data.",
    "https://www.cs.toronto.edu/~kriz/cifar.html",
  ),
  _tfds(
    "stl10",
    ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"),
    {"train": 5000, "test": 8000, "unlabelled": 100000},
    "No licence is stated for the data.",
    "https://cs.stanford.edu/~acoates/stl10/",
  ),
  _tfds(
    "svhn_cropped",
    tuple("0123456789"),
    {"train": 73257, "test": 26032, "extra": 531131},
    "For non-commercial use only.",
    "http://ufldl.stanford.edu/housenumbers/",
  ),
  _tfds(
    "patch_camelyon",
    TISSUES,
    {"train": 262144, "test": 32768, "validation": 32768},
    "CC0",
    "https://patchcamelyon.grand-challenge.org/",
  ),
  _tfds(
    "domainnet",
    tuple(map(str, range(345))),
    {
      "clipart": {"train": 33525, "test": 14604},
      "infograph": {"train": 36023, "test": 15582},
      "painting": {"train": 50416, "test": 21850},
      "quickdraw": {"train": 120750, "test": 51750},
      "real": {"train": 120906, "test": 52041},
      "sketch": {"train": 48212, "test": 20916},
    },
    "See the homepage.",
    "https://ai.bu.edu/M3SDA/",
  ),
)
