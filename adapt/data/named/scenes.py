"""Segmentation sets: CamVid by day and at dusk, DRIVE and CHASE_DB1.

Images have a class for each pixel; the last two are of retinas.
"""

import functools
import os
from collections.abc import Callable

from adapt.data import pixel_labels, prepared
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None

ROADS = (
  *("sky", "building", "pole", "road", "pavement", "tree", "sign_symbol", "fence", "car"),
  *("pedestrian", "bicyclist"),
)
VESSELS = ("background", "vessel")


def _domain(name: str, stored: str, classes: tuple[str, ...], data_dir: DataDir) -> Domain:
  """Training and test images [h, w, 3] uint8 with masks; a validation split is left aside."""

  def read(split: str) -> Split:
    x, y = prepared.arrays(stored, split, data_dir)
    return Split(x, pixel_labels.masks(f"the masks of {stored}", y, x))

  return Domain(name, read("train"), read("test"), classes, "image")


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  **{
    f"camvid_{time}": functools.partial(_domain, f"camvid_{time}", f"camvid/{time}", ROADS)
    for time in ("day", "dusk")
  },
  **{
    f"retina_{set_}": functools.partial(_domain, f"retina_{set_}", f"retina/{set_}", VESSELS)
    for set_ in ("drive", "chase")
  },
}
