"""VisDA-2017 classification, synthetic to real (Peng et al., 2017, arXiv:1710.06924).

Rendered 3D models → photographs.
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_SITE = "csr.bu.edu/ftp/visda17/clf/"
_COPY = "https://cloud.tsinghua.edu.cn/f/"
_LISTS = (
  "https://raw.githubusercontent.com/VisionLearningGroup/taskcv-2017-public/"
  "370d5dde1f7a3109c5caeb8247a90498b069d1e4/classification/data/image_list.txt"
)
_FOLDERS = {"synthetic": "train", "real": "validation", "test": "test"}

_CITATION = """\
@misc{peng2017visda,
  title = {{VisDA}: the visual domain adaptation challenge},
  author = {Peng, Xingchao and Usman, Ben and Kaushik, Neela and Hoffman, Judy and Wang, Dequan and
            Saenko, Kate},
  note = {arXiv:1710.06924}, year = {2017}
}"""


def _tar(name: str, *copies: str) -> base.Published:
  """The images of a domain, at most 16 GiB."""
  secure, plain = base.https_first(_SITE + name)
  urls = (secure, *(f"{_COPY}{key}/?dl=1" for key in copies), plain)
  return base.Published(name, urls, most=2**34)


class Visda2017(base.ImageBuilder):
  """VisDA-2017: two domains with 12 classes.

  It has 152397 rendered images (synthetic) and 55388 from COCO (real).

  `test` is the challenge's test domain, 72372 frames of YouTube-BB. Its labels were published
  later; it is prepared only from a folder that has them.

  A folder given as source holds `train.tar`, `validation.tar` and, for the test, `test.tar` with
  `image_list.txt`; or what they unpack to: `train/aeroplane/….png` and `train/image_list.txt`, …,
  `test/trunk00/….jpg` and `test/image_list.txt`. All of synthetic takes 7 GB.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words(
    "aeroplane bicycle bus car horse knife motorcycle person plant skateboard train truck"
  )
  SIZES = {  # noqa: RUF012
    "synthetic": {"train": 152397},
    "real": {"train": 55388},
    "test": {"train": 72372},
  }
  HOMEPAGE = "https://github.com/VisionLearningGroup/taskcv-2017-public"
  LICENSE = "For non-commercial research and education only; not to be redistributed."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    "synthetic": (_tar("train.tar", "c5f3ce59139144ec8221"),),
    "real": (_tar("validation.tar", "da70e4b1cf514ecea562"),),
    "test": (
      _tar("test.tar"),
      base.Published(
        "image_list.txt",
        (_LISTS,),
        "dcda99baf4064d7c66113422322f232ecc6b593464daa18bc43dc1b623a8bf03",
        3_415_515,
      ),
    ),
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def is_absent(self) -> bool:
    lists = ("image_list.txt", "test/image_list.txt")
    return self._config() == "test" and not self._has_any(lists)

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Rendered 3D models, crops of COCO photographs, crops of video frames.")

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    folder = _FOLDERS[str(self._config())]
    lists = [f"{folder}/image_list.txt"] + (["image_list.txt"] if folder == "test" else [])
    name = tree.listed(names, f"visda2017/{self._config()}", *lists)
    return tree.by_list(names, read(name), name, folder, 3, len(self.CLASSES))
