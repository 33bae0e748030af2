"""Fundus photographs with vessel masks at 160x160: DRIVE and CHASE_DB1.

DRIVE is of Staal et al. (2004). CHASE_DB1 is of Owen et al. (2009) and Fraz et al. (2012); its
first observer's masks count.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from adapt.data.builders import base, masked

_SIDE = 160
_TRAINING = 10  # persons of CHASE_DB1 whose images are for training, as packed
_CITATION = """\
@article{staal2004ridge,
  title = {Ridge-based vessel segmentation in color images of the retina},
  author = {Staal, Joes and Abramoff, Michael D. and Niemeijer, Meindert and Viergever, Max A. and
            van Ginneken, Bram},
  journal = {IEEE Transactions on Medical Imaging}, volume = {23}, number = {4}, pages = {501--509},
  year = {2004}
}"""


class Retina(masked.MaskBuilder):
  """Retinas with vessel masks, in two domains: drive and chase.

  Drive has 20 training and 20 test images, chase has 20 and 8. A folder given as source holds
  DRIVE's `training/` and `test/`, each with `images/` and `1st_manual/`, and CHASE_DB1's
  `Image_01L.jpg` with `Image_01L_1stHO.png`, in itself or in `DRIVE/` and `CHASEDB1/`; or
  `drive.npz` and `chase.npz` (see `masked.packed`). Images are padded with black to squares and
  shrunk; a pixel is a vessel where half of its area is.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words("background vessel")
  SIZES = {  # noqa: RUF012
    "drive": {"train": 20, "test": 20},
    "chase": {"train": 20, "test": 8},
  }
  FOLDERS = ("retina", "medical/retina")
  SIDES = (_SIDE, _SIDE)
  HOMEPAGE = "https://drive.grand-challenge.org"
  LICENSE = "No licence is stated."
  CITATION = _CITATION
  MANUAL = (
    "get DRIVE at drive.grand-challenge.org and CHASE_DB1 from Kingston University, unpack them to "
    "DRIVE/ and CHASEDB1/, and give the folder that holds both"
  )
  FILES = {  # noqa: RUF012
    "drive": (base.Published("DRIVE"),),
    "chase": (base.Published("CHASEDB1"),),
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The photographs of {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Fundus photographs with a mask of the vessels.")

  def _published(self, folder: Path) -> Iterator[masked.Pair]:
    name = {"drive": "DRIVE", "chase": "CHASEDB1"}[str(self._config())]
    folder = folder / name if (folder / name).is_dir() else folder
    return _drive(folder) if self._config() == "drive" else _chase(folder)

  def _sized(self, image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    side = max(mask.shape)
    pads = [((side - n) // 2, (side - n + 1) // 2) for n in mask.shape]
    x = np.pad(image, (*pads, (0, 0)))
    y = np.pad((mask > 0).astype(np.uint8) * 255, pads)
    x = masked.shrunk(x, _SIDE, _SIDE, nearest=False)
    # The share of a pixel's area that is vessel, as thin vessels break into dots by the nearest pixel.
    share = Image.fromarray(y).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return x, (np.asarray(share) >= 128).astype(np.uint8)


def _drive(folder: Path) -> Iterator[masked.Pair]:
  for name, split in (("training", "train"), ("test", "test")):
    for file in sorted((folder / name / "images").glob("*.tif")):
      manual = folder / name / "1st_manual" / f"{file.name.split('_')[0]}_manual1.gif"
      image = masked.opened_bytes(file)
      yield masked.Pair(str(file), image, masked.opened_bytes(manual), split)


def _chase(folder: Path) -> Iterator[masked.Pair]:
  for file in sorted(folder.glob("Image_*.jpg")):
    person = re.fullmatch(r"Image_(\d+)[LR]", file.stem)
    if person is None:
      raise ValueError(f"{file} is not named as Image_01L.jpg: fetch it again")
    split = "train" if int(person[1]) <= _TRAINING else "test"
    manual = file.with_name(f"{file.stem}_1stHO.png")
    yield masked.Pair(str(file), masked.opened_bytes(file), masked.opened_bytes(manual), split)
