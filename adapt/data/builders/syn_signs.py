"""Synthetic traffic signs, 40x40 RGB (Moiseev et al., 2013).

It is the source of Syn Signs → GTSRB.

The release has one list of 100000 labelled images, train_labelling.txt, and no test list: there is
one split, "train", in the order of the list. The numbers of the classes are GTSRB's.
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, class_names, layout, tree

SIDE = 40
ZIP = "synthetic_data.zip"
LIST = "train_labelling.txt"

_CITATION = """\
@inproceedings{moiseev2013evaluation,
  title = {Evaluation of traffic sign recognition methods trained on synthetically generated data},
  author = {Moiseev, Boris and Konev, Artem and Chigorin, Alexander and Konushin, Anton},
  booktitle = {Advanced Concepts for Intelligent Vision Systems}, pages = {576--583}, year = {2013}
}"""


def read_list(data: bytes, name: str) -> list[tuple[str, int]]:
  """Read the published list of images and classes.

  Lines are "train/1.png 21 0": image, class 0 … 42, and an unused number.

  Raises:
    ValueError: one line that names the list: a line of another kind.
  """
  rows = []
  for number, line in enumerate(layout.lines(data, name), 1):
    fields = line.split()
    if len(fields) not in (2, 3) or not fields[1].isdecimal() or ".." in fields[0]:
      raise ValueError(f"{name} line {number} is not 'image class number': fetch it again")
    if int(fields[1]) >= len(class_names.SIGNS):
      raise ValueError(f"{name} line {number} has class {fields[1]}, not 0 to 42: fetch it again")
    rows.append((fields[0], int(fields[1])))
  return rows


def read_release(folder: Path) -> base.Arrays:
  """Read the release from its archive or a folder.

  The archive is `synthetic_data.zip`. The folder is `synthetic_data`, which it unpacks to, or its
  parent.

  Returns:
    x [n, 40, 40, 3] uint8 and y [n] int64, in the order of the list.

  Raises:
    ValueError: one line: a file absent or damaged, an image of another size.
  """
  with tree.opened(layout.archives_or_folder(folder, (ZIP,))) as (names, read):
    found = layout.ending(names, LIST)
    if found is None:
      raise ValueError(f"no {ZIP} in '{folder}', nor {LIST}: give --from the folder that holds it")
    root = found.removesuffix(LIST)
    read = layout.strict(read, names, f"'{folder}'")
    rows = read_list(read(found), found)
    x = np.empty((len(rows), SIDE, SIDE, 3), np.uint8)
    for image, (name, _) in zip(x, rows, strict=True):
      decoded = layout.pixels(read(root + name), name)
      if decoded.shape != image.shape:
        raise ValueError(f"{name} is {decoded.shape[:2]} pixels, not 40x40: fetch {ZIP} again")
      image[:] = decoded
  return x, np.array([label for _, label in rows], np.int64)


class SynSigns(base.ArrayBuilder):
  """Synthetic signs: 100000 images [40, 40, 3].

  A folder given as source holds synthetic_data.zip, or the folder that it unpacks to.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = class_names.SIGNS
  SIZES = {None: {"train": 100000}}  # noqa: RUF012
  LICENSE = "No licence is stated for the data."
  HOMEPAGE = "http://graphics.cs.msu.ru/en/node/1337"
  CITATION = _CITATION
  MANUAL = (
    'synthetic_data.zip is linked from http://graphics.cs.msu.ru/en/node/1337 ("Dataset", a file '
    "host). Put it, or the folder synthetic_data that it unpacks to, in the folder."
  )
  FILES = {None: (base.Published(ZIP),)}  # noqa: RUF012

  def _info(self) -> tfds.core.DatasetInfo:
    return self._image_info(
      (SIDE, SIDE, 3), "Traffic signs of GTSRB's 43 classes, rendered from drawings on photographs."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    return {"train": read_release(folder)}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._from_folder(self._fetched()[0].parent)
