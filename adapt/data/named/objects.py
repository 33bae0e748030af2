"""Object image domains: Office-31, Office-Home, VisDA-2017, DomainNet, PACS.

These are photographs and drawings. Their kin are here too.

Most of these sets have no split. Their literature is transductive: a domain's training and test
split are all of its images, so that a target's inputs are seen in training, without labels, and
accuracy is over the same images. PACS has a fixed split here instead, a fifth of each class for the
test, and DomainNet the one it is published with; state which one beside a number.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from adapt.data import prepared, splits
from adapt.data.domain import Domain, Split
from adapt.data.images import take

DataDir = str | os.PathLike | None


def transductive(domain: str, stored: str, data_dir: DataDir) -> Domain:
  """A domain with all its images as training and test split.

  Args:
    domain: its name.
    stored: the prepared set, "office31/amazon".
    data_dir: where TFDS keeps its sets; None means `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.

  Raises:
    ValueError: not prepared; the message has the command that prepares it.
  """
  everything = _read(stored, "train", data_dir)
  return Domain(domain, everything, everything, prepared.classes(stored, data_dir))


def held_out(domain: str, stored: str, data_dir: DataDir) -> Domain:
  """A domain with a fixed fifth of each class as test split.

  Arguments as `transductive`.
  """
  everything = _read(stored, "train", data_dir)
  x, y = everything.x, everything.y
  assert y is not None
  train, test = (Split(take(x, rows), y[rows]) for rows in splits.stratified(y))
  return Domain(domain, train, test, prepared.classes(stored, data_dir))


def published(domain: str, stored: str, data_dir: DataDir) -> Domain:
  """A domain with its published training and test split.

  Arguments as `transductive`.
  """
  train, test = (_read(stored, split, data_dir) for split in ("train", "test"))
  return Domain(domain, train, test, prepared.classes(stored, data_dir))


def _read(stored: str, split: str, data_dir: DataDir) -> Split:
  found: tuple[Any, np.ndarray] = prepared.images(stored, split, data_dir)
  return Split(found[0], found[1].astype(np.int32))


def _all(
  framing: Callable[[str, str, DataDir], Domain], prefix: str, stored: str, configs: str
) -> dict[str, Callable[[DataDir], Domain]]:
  """Build the domains prefix_config from a prepared set's configs."""
  return {
    f"{prefix}_{config}": partial(framing, f"{prefix}_{config}", f"{stored}/{config}")
    for config in configs.split()
  }


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  **_all(transductive, "office31", "office31", "amazon dslr webcam"),
  **_all(transductive, "office_caltech10", "office_caltech10", "amazon caltech dslr webcam"),
  **_all(transductive, "office_home", "office_home", "art clipart product real_world"),
  **_all(transductive, "image_clef", "image_clef_da", "b c i p"),
  **_all(transductive, "visda2017", "visda2017", "synthetic real test"),
  **_all(transductive, "domainnet126", "domainnet_126", "real clipart painting sketch"),
  **_all(held_out, "pacs", "pacs", "art_painting cartoon photo sketch"),
  **_all(published, "domainnet", "domainnet", "clipart infograph painting quickdraw real sketch"),
}
