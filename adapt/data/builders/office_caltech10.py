"""Office-Caltech10, four domains and ten classes (Gong et al., CVPR 2012).

They are the classes that Office-31 shares with Caltech-256.
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_FILE = base.Published(
  "officecaltech.tgz", ("https://cloud.tsinghua.edu.cn/f/e93f2e07d93243d6b57e/?dl=1",)
)

_CITATION = """\
@inproceedings{gong2012geodesic,
  title = {Geodesic flow kernel for unsupervised domain adaptation},
  author = {Gong, Boqing and Shi, Yuan and Sha, Fei and Grauman, Kristen},
  booktitle = {Computer Vision and Pattern Recognition}, pages = {2066--2073}, year = {2012}
}"""


class OfficeCaltech10(base.ImageBuilder):
  """Office-Caltech10: four domains with ten classes.

  It has 958 images of amazon, 1123 of caltech, 157 of dslr and 295 of webcam.

  A folder given as source holds `officecaltech.tgz` or `office_caltech_10.zip`, or what they unpack
  to: `amazon/back_pack/frame_0001.jpg`, …, also with `images/` between domain and class.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words(
    "back_pack bike calculator headphones keyboard laptop_computer monitor mouse mug projector"
  )
  SIZES = {  # noqa: RUF012
    "amazon": {"train": 958},
    "caltech": {"train": 1123},
    "dslr": {"train": 157},
    "webcam": {"train": 295},
  }
  HOMEPAGE = "http://www-scf.usc.edu/~boqinggo/domainadaptation.html"
  LICENSE = "No licence is stated."
  CITATION = _CITATION
  FILES = dict.fromkeys(SIZES, (_FILE,))
  ARCHIVES = ("office_caltech_10.zip",)
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Objects of ten classes, from Office-31 and Caltech-256.")

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    return tree.by_folder(names, (str(self._config()),), self.CLASSES)
