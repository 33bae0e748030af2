"""Synthetic digits on clutter, 32x32 RGB (Ganin et al., 2016, arXiv:1505.07818).

The digits are rendered fonts.
"""

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, citations, class_names, layout, mat, shards, tree

SIDE = 32
ZIP = "SynthDigits.zip"
MATS = {"train": "synth_train_32x32.mat", "test": "synth_test_32x32.mat"}


def read_digits(path: Path, data: bytes | None = None) -> base.Arrays:
  """Read images and digits from a published .mat file.

  X is [32, 32, 3, n] uint8. y has n digits, where 10 means 0, as in SVHN.

  Args:
    path: the file, or the archive that holds it.
    data: its contents where it is in an archive.

  Returns:
    x [n, 32, 32, 3] uint8 (a view, not a copy: the training set takes 1.5 GB) and y [n] int64.

  Raises:
    ValueError: as `mat.read` and `mat.labels`; another shape or dtype; not as many labels.
  """
  x, y = mat.read(path, ("X",), ("y",), data=data)
  if x.ndim != 4 or x.shape[:3] != (SIDE, SIDE, 3) or x.dtype != np.uint8:
    raise ValueError(
      f"{path} has X of {x.dtype} {list(x.shape)}, not uint8 [32, 32, 3, n]: {mat.AGAIN}"
    )
  y = mat.labels(path, y, 0, 10) % 10
  if len(y) != x.shape[3]:
    raise ValueError(f"{path} has {x.shape[3]} images but {len(y)} labels: {mat.AGAIN}")
  return x.transpose(3, 0, 1, 2), y


class SynDigits(base.ArrayBuilder):
  """Synthetic digits: 479400 training and 9553 test images [32, 32, 3].

  A folder given as source holds SynthDigits.zip, or the two .mat files that it unpacks to (which
  takes less memory: the archive's are held beside the 1.5 GB of images).
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names.DIGITS
  SIZES = {None: {"train": 479400, "test": 9553}}  # noqa: RUF012
  LICENSE = "No licence is stated for the data."
  HOMEPAGE = "http://yaroslav.ganin.net"
  CITATION = citations.GANIN_2016
  MANUAL = (
    "SynthDigits.zip is linked from http://yaroslav.ganin.net (Google Drive, file "
    "0B9Z4d7lAwbnTSVR1dEFSRUFxOUU). Put it, or the .mat files in it, in the folder."
  )
  FILES = {None: (base.Published(ZIP),)}  # noqa: RUF012

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (SIDE, SIDE, 3), "Digits in many fonts, rotated and blurred, with other digits around them."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    if not (folder / ZIP).is_file():
      return {split: read_digits(layout.find(folder, name)) for split, name in MATS.items()}
    with tree.opened([folder / ZIP]) as (names, read):
      places = {split: layout.ending(names, name) for split, name in MATS.items()}
      for split, place in places.items():
        if place is None:
          raise ValueError(f"{folder / ZIP} has no {MATS[split]}: fetch it again")
      return {split: read_digits(folder / ZIP, read(str(place))) for split, place in places.items()}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._from_folder(self._fetched()[0].parent)

  def _generate_splits(self, dl_manager: Any, download_config: Any) -> list[tfds.core.SplitInfo]:
    examples = self._split_generators(dl_manager)  # the training set is larger than 1 GB
    return [
      shards.write(self, split, size, (example for _, example in examples[split]))
      for split, size in self._sizes().items()
    ]
