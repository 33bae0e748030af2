"""Office-Home, everyday objects in four styles (Venkateswara et al., arXiv:1706.07522).

It has 65 classes.

The release is one archive on Google Drive, `OfficeHomeDataset_10072016.zip`, which has no address
that a program can fetch; the download takes the copy per domain that the Transfer Learning Library
publishes, with the same folders (but `Real_World` for `Real World`).
"""

from collections.abc import Callable, Sequence

import tensorflow_datasets as tfds

from adapt.data.builders import base, tree

_FOLDERS = {
  "art": ("Art",),
  "clipart": ("Clipart",),
  "product": ("Product",),
  "real_world": ("Real World", "Real_World", "RealWorld"),
}

_CITATION = """\
@inproceedings{venkateswara2017deep,
  title = {Deep hashing network for unsupervised domain adaptation},
  author = {Venkateswara, Hemanth and Eusebio, Jose and Chakraborty, Shayok and
            Panchanathan, Sethuraman},
  booktitle = {Computer Vision and Pattern Recognition}, pages = {5018--5027}, year = {2017}
}"""


def _copy(domain: str, key: str) -> tuple[base.Published, ...]:
  return (base.Published(f"{domain}.tgz", (f"https://cloud.tsinghua.edu.cn/f/{key}/?dl=1",)),)


class OfficeHome(base.ImageBuilder):
  """Office-Home: four domains with 65 classes.

  It has 2427 images of art, 4365 of clipart, 4439 of product and 4357 of real_world.

  A folder given as source holds `OfficeHomeDataset_10072016.zip`, or {Art,Clipart,Product,
  Real_World}.tgz, or what they unpack to: `Art/Alarm_Clock/00001.jpg`, ….
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.words(
    "Alarm_Clock Backpack Batteries Bed Bike Bottle Bucket Calculator Calendar Candles Chair "
    "Clipboards Computer Couch Curtains Desk_Lamp Drill Eraser Exit_Sign Fan File_Cabinet Flipflops "
    "Flowers Folder Fork Glasses Hammer Helmet Kettle Keyboard Knives Lamp_Shade Laptop Marker "
    "Monitor Mop Mouse Mug Notebook Oven Pan Paper_Clip Pen Pencil Postit_Notes Printer Push_Pin "
    "Radio Refrigerator Ruler Scissors Screwdriver Shelf Sink Sneakers Soda Speaker Spoon TV Table "
    "Telephone ToothBrush Toys Trash_Can Webcam"
  )
  SIZES = {  # noqa: RUF012
    "art": {"train": 2427},
    "clipart": {"train": 4365},
    "product": {"train": 4439},
    "real_world": {"train": 4357},
  }
  HOMEPAGE = "https://www.hemanthdv.org/officeHomeDataset.html"
  LICENSE = "See the homepage; the images were collected from web search and online directories."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    "art": _copy("Art", "4691878067d04755beab"),
    "clipart": _copy("Clipart", "0d41e7da4558408ea5aa"),
    "product": _copy("Product", "76186deacd7c4fa0a679"),
    "real_world": _copy("Real_World", "dee961894cc64b1da1d7"),
  }
  ARCHIVES = ("OfficeHomeDataset_10072016.zip",)
  BUILDER_CONFIGS = base.configs(SIZES, "The domain {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info("Everyday objects: paintings and sketches, clip art, products, photos.")

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    return tree.by_folder(names, _FOLDERS[str(self._config())], self.CLASSES)
