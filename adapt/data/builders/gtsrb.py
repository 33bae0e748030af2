"""GTSRB, German traffic signs, 40x40 RGB (Stallkamp et al., 2012).

The signs are cropped and resized.

Photographs of 15 to 250 pixels come with a box around the sign. As the literature of Syn Signs →
GTSRB does, the box is cut out and resized to 40x40 (here bilinear, antialiased). The training
images are frames of about 1300 tracks: a random part of them is no independent test, the test split
is.
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from adapt.data.builders import base, class_names, layout, tree

SIDE = 40
HEADER = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
TRAINING, TEST = "Final_Training/Images", "Final_Test/Images"
TEST_LIST = "GT-final_test.csv"
URL = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
ZIPS = (
  "GTSRB_Final_Training_Images.zip",
  "GTSRB_Final_Test_Images.zip",
  "GTSRB_Final_Test_GT.zip",
)

_CITATION = """\
@article{stallkamp2012man,
  title = {Man vs. computer: benchmarking machine learning algorithms for traffic sign
           recognition},
  author = {Stallkamp, Johannes and Schlipsing, Marc and Salmen, Jan and Igel, Christian},
  journal = {Neural Networks}, volume = {32}, pages = {323--332}, year = {2012}
}"""


def read_boxes(data: bytes, name: str) -> list[tuple[str, tuple[int, int, int, int], int]]:
  """Read a published list of images and boxes.

  It has a semicolon-separated line for each image.

  Returns:
    For each image its file name, its box (left, upper, right, lower; in pixels, the last two
    exclusive) and its class, 0 … 42.

  Raises:
    ValueError: one line that names the list: another header, or a line of another kind.
  """
  header, *rows = layout.lines(data, name) or [""]
  if header != HEADER:
    raise ValueError(f"{name} does not begin with '{HEADER}': fetch it again")
  boxes = []
  for number, row in enumerate(rows, 2):
    try:
      image, *fields = row.split(";")
      width, height, left, upper, right, lower, label = map(int, fields)
      inside = 0 <= left < right <= width and 0 <= upper < lower <= height
      if not (inside and 0 <= label < len(class_names.SIGNS) and "/" not in image):
        raise ValueError
    except ValueError as error:
      raise ValueError(f"{name} line {number} is not '{HEADER}': fetch it again") from error
    boxes.append((image, (left, upper, right, lower), label))
  return boxes


def crop(data: bytes, box: tuple[int, int, int, int], name: str) -> np.ndarray:
  """Crop an encoded image to its box and resize it.

  The result is [40, 40, 3] uint8. Raises ValueError if the box is outside the image.
  """
  image = layout.pixels(data, name)
  if box[2] > image.shape[1] or box[3] > image.shape[0]:
    raise ValueError(f"{name} is smaller than its box {box}: fetch it again")
  cut = Image.fromarray(image).crop(box)
  return np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def read_images(
  read: layout.Read, folder: str, boxes: list[tuple[str, tuple[int, int, int, int], int]]
) -> base.Arrays:
  """Read and crop the listed images of a folder.

  Returns x [n, 40, 40, 3] uint8 and y [n] int64.
  """
  x = np.empty((len(boxes), SIDE, SIDE, 3), np.uint8)
  for out, (name, box, _) in zip(x, boxes, strict=True):
    out[:] = crop(read(f"{folder}/{name}"), box, name)
  return x, np.array([label for *_, label in boxes], np.int64)


def read_release(folder: Path) -> dict[str, base.Arrays]:
  """Read the GTSRB release from its archives or a folder.

  There are three archives. The folder is GTSRB, which they unpack to, or its parent.

  Returns:
    Both splits: the training images by class, then in the order of the class's list; the test
    images in the order of their list, which has the classes (published in an archive of its own).

  Raises:
    ValueError: one line: a file absent or damaged, an image smaller than its box.
  """
  with tree.opened(layout.archives_or_folder(folder, ZIPS)) as (names, read):
    first = f"{TRAINING}/00000/GT-00000.csv"
    found, test_list = layout.ending(names, first), layout.ending(names, TEST_LIST)
    if found is None or test_list is None:
      lacking = ZIPS[2] if found else ZIPS[0]
      raise ValueError(
        f"no {lacking} in '{folder}', nor what it unpacks to: give --from its folder"
      )
    root = found.removesuffix(first)
    read = layout.strict(read, names, f"'{folder}'")
    boxes = []
    for label in range(len(class_names.SIGNS)):
      name = f"{root}{TRAINING}/{label:05d}/GT-{label:05d}.csv"
      rows = read_boxes(read(name), name)
      if any(row[2] != label for row in rows):
        raise ValueError(f"{name} lists another class than {label}: fetch it again")
      boxes += [(f"{label:05d}/{image}", box, label) for image, box, _ in rows]
    return {
      "train": read_images(read, root + TRAINING, boxes),
      "test": read_images(read, root + TEST, read_boxes(read(test_list), test_list)),
    }


class Gtsrb(base.ArrayBuilder):
  """GTSRB: 39209 training and 12630 test images, [40, 40, 3].

  The signs are cut out and resized.

  A folder given as source holds the three published archives, or GTSRB/Final_Training and
  GTSRB/Final_Test with GT-final_test.csv anywhere in it.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names.SIGNS
  SIZES = {None: {"train": 39209, "test": 12630}}  # noqa: RUF012
  LICENSE = "Free to use, as its authors say, who ask for a citation."
  HOMEPAGE = "https://benchmark.ini.rub.de"
  CITATION = _CITATION
  FILES = {None: tuple(base.Published(name, (URL + name,)) for name in ZIPS)}  # noqa: RUF012

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (SIDE, SIDE, 3), "German traffic signs, cut out at the published boxes, resized to 40x40."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    return read_release(folder)

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return read_release(self._fetched()[0].parent)
