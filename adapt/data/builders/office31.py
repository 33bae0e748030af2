"""Office-31, office objects from three sources (Saenko et al., ECCV 2010).

Paper: Saenko, Kulis, Fritz and Darrell, ECCV 2010.

The release is one archive on Google Drive, `domain_adaptation_images.tar.gz`, which has no address
that a program can fetch; the download takes the copy per domain that the Transfer Learning Library
publishes, with the same folders.
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_CITATION = """\
@inproceedings{saenko2010adapting,
  title = {Adapting visual category models to new domains},
  author = {Saenko, Kate and Kulis, Brian and Fritz, Mario and Darrell, Trevor},
  booktitle = {European Conference on Computer Vision}, pages = {213--226}, year = {2010}
}"""


def _copy(domain: str, key: str) -> tuple[base.Published, ...]:
  return (base.Published(f"{domain}.tgz", (f"https://cloud.tsinghua.edu.cn/f/{key}/?dl=1",)),)


class Office31(base.ImageBuilder):
  """Office-31: three domains with 31 classes.

  It has 2817 images of amazon, 498 of dslr and 795 of webcam.

  A folder given as source holds `domain_adaptation_images.tar.gz`, or {amazon,dslr,webcam}.tgz, or
  what they unpack to: `amazon/images/back_pack/frame_0001.jpg`, ….
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words(
    "back_pack bike bike_helmet bookcase bottle calculator desk_chair desk_lamp desktop_computer "
    "file_cabinet headphones keyboard laptop_computer letter_tray mobile_phone monitor mouse mug "
    "paper_notebook pen phone printer projector punchers ring_binder ruler scissors speaker stapler "
    "tape_dispenser trash_can"
  )
  SIZES = {  # noqa: RUF012
    "amazon": {"train": 2817},
    "dslr": {"train": 498},
    "webcam": {"train": 795},
  }
  HOMEPAGE = "https://faculty.cc.gatech.edu/~judy/domainadapt/"
  LICENSE = "No licence is stated; the amazon images were collected from an online shop."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    "amazon": _copy("amazon", "ec12dfcddade43ab8101"),
    "dslr": _copy("dslr", "a41d818ae2f34da7bb32"),
    "webcam": _copy("webcam", "8a41009a166e4131adcd"),
  }
  ARCHIVES = ("domain_adaptation_images.tar.gz",)
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Office objects: shop pictures, photographs by DSLR and by webcam.")

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    return tree.by_folder(names, (str(self._config()),), self.CLASSES)
