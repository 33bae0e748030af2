"""Builders of images with a mask of classes each (segmentation).

Both are stored at one small size.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from adapt.data import images
from adapt.data.builders import base

_REMEDY = "fetch it again"


class Pair(NamedTuple):
  """An encoded image, its encoded mask, and the split of both."""

  name: str
  image: bytes
  mask: bytes
  split: str


class MaskBuilder(base.Builder, skip_registration=True):  # type: ignore[call-arg]
  """A builder whose examples are an image and a mask.

  The mask is 255 where not scored. Subclasses say how to read the published files (`_published`)
  and how both come to size (`_sized`). A folder given as source holds those, or both packed in
  `CONFIG.npz` (see `packed`), in itself or in one of `FOLDERS`.
  """

  FOLDERS: ClassVar[tuple[str, ...]]
  SIDES: ClassVar[tuple[int, int]]  # height and width as stored
  LABEL = "mask"

  def _published(self, folder: Path) -> Iterator[Pair]:
    raise NotImplementedError

  def _sized(self, image: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raise NotImplementedError

  def _pairs(self) -> Iterator[Pair]:
    if self._source is None:
      self._fetched()  # says how a person gets it
    assert self._source is not None
    places = [self._source / name for name in ("", *self.FOLDERS)]
    for place in places:
      if (file := place / f"{self._config()}.npz").is_file():
        return packed(file)
    return self._published(next((p for p in places[1:] if p.is_dir()), self._source))

  def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
    parts: dict[str, list[Pair]] = {split: [] for split in self._sizes()}
    for pair in self._pairs():
      parts.setdefault(pair.split, []).append(pair)
    for split, size in self._sizes().items():
      if len(parts[split]) != size:
        raise ValueError(
          f"{self.name}/{self._config()} {split} has {len(parts[split])} images where the release has "
          f"{size}: the files are incomplete or of another release, fetch them again"
        )
    return {split: self._generate_examples(parts[split]) for split in self._sizes()}

  def _generate_examples(self, pairs: list[Pair]) -> Iterator[tuple[int, dict[str, Any]]]:
    for i, pair in enumerate(pairs):
      x, y = decoded(pair)
      if x.shape[:2] != y.shape:
        raise ValueError(f"{pair.name} has a mask of another size: fetch it again")
      x, y = self._sized(x, y)
      if (wrong := y[(y >= len(self.CLASSES)) & (y != 255)]).size:
        raise ValueError(
          f"{pair.name} has pixels of class {wrong[0]}, of {len(self.CLASSES)}: fetch it again"
        )
      yield i, {"image": base.png(x), "mask": base.png(y[..., None])}

  def _image_info(self, description: str) -> tfds.core.DatasetInfo:
    features = {
      "image": tfds.features.Image(shape=(*self.SIDES, 3), encoding_format="png"),
      "mask": tfds.features.Image(shape=(*self.SIDES, 1), encoding_format="png"),
    }
    return self._described(features, description, ("image", "mask"))


def packed(path: Path) -> Iterator[Pair]:
  """Pairs of an image and a mask from an .npz file.

  Its arrays are data, offsets, masks, mask_offsets, names and split.

  Raises:
    ValueError: one line that names the file: an array is absent, or offsets do not fit.
  """
  keys = ("data", "offsets", "masks", "mask_offsets", "names", "split")
  data, offsets, masks, mask_offsets, names, split = base.read_array_file(path, keys)
  for own, at in ((data, offsets), (masks, mask_offsets)):
    fits = len(at) == len(names) + 1 and at[0] == 0 and at[-1] == len(own)
    if not fits or (at[1:] < at[:-1]).any():
      raise ValueError(f"{path} has offsets that do not fit its data: fetch it again")
  for i, name in enumerate(names):
    part = str(split[i]).replace("val", "validation")
    image = data[offsets[i] : offsets[i + 1]].tobytes()
    yield Pair(str(name), image, masks[mask_offsets[i] : mask_offsets[i + 1]].tobytes(), part)


def decoded(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
  """Decodes an image [h, w, 3] and its mask [h, w], uint8.

  ValueError names a file that does not decode.
  """
  with images.opened(pair.image, pair.name, _REMEDY) as image:
    x = np.asarray(image.convert("RGB"), np.uint8)
  with images.opened(pair.mask, f"the mask of {pair.name}", _REMEDY) as image:
    y = np.asarray(image).astype(np.uint8)
  return x, y if y.ndim == 2 else y[..., 0]


def shrunk(x: np.ndarray, width: int, height: int, nearest: bool) -> np.ndarray:
  """An image, or a mask (nearest), at another size."""
  how = Image.Resampling.NEAREST if nearest else Image.Resampling.LANCZOS
  return np.asarray(Image.fromarray(x).resize((width, height), how), np.uint8)


def opened_bytes(path: Path) -> bytes:
  """A file's bytes; ValueError where it is not there."""
  if not path.is_file():
    raise ValueError(f"no file '{path}': give --from the folder of the published files")
  return path.read_bytes()
