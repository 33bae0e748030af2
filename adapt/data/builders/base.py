"""What our TFDS builders share: whole arrays in, PNG bytes out, split sizes checked.

TFDS needs TensorFlow to encode an array as an image, but stores bytes as they are: so the PNGs are
made here, with Pillow.
"""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

Arrays = tuple[np.ndarray, np.ndarray]  # x [n, …], y [n]

DIGITS = tuple("0123456789")


def png(image: np.ndarray) -> io.BytesIO:
  """An image [h, w, 1] or [h, w, 3] uint8 as PNG bytes. Fast rather than small."""
  stream = io.BytesIO()
  Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(
    stream, format="png", compress_level=1
  )
  stream.seek(0)
  return stream


def read_array_file(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
  """The named arrays of an .npz file; ValueError if it is absent or holds others."""
  if not path.is_file():
    raise ValueError(f"no file '{path}': give --from the folder that holds it")
  with np.load(path, allow_pickle=False) as arrays:
    missing = [key for key in keys if key not in arrays]
    if missing:
      raise ValueError(f"{path} has no array '{missing[0]}' (it has {', '.join(arrays)})")
    return [arrays[key] for key in keys]


class ArrayBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
  """A builder whose splits fit into memory as arrays.

  Subclasses say how to read a folder that holds a copy (`_from_folder`) and the public release
  (`_from_release`), both as {"train": (x, y), "test": (x, y)}. Examples keep the order of the
  release (no shuffling), so example i of a split is image i everywhere.
  """

  SIZES: ClassVar[dict[str, int]]

  def __init__(self, *, source: str | os.PathLike | None = None, **kwargs: Any):
    self._source = None if source is None else Path(source)
    super().__init__(**kwargs)

  def _from_folder(self, folder: Path) -> dict[str, Arrays]:
    raise NotImplementedError

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Arrays]:
    raise NotImplementedError

  def _sizes(self) -> dict[str, int]:
    return self.SIZES

  def _example(self, x: np.ndarray, y: int) -> dict[str, Any]:
    return {"image": png(x), "label": int(y)}

  def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Iterator]:
    if self._source is None:
      splits = self._from_release(dl_manager)
    else:
      splits = self._from_folder(self._source)
    for split, size in self._sizes().items():
      x, y = splits[split]
      if not len(x) == len(y) == size:
        raise ValueError(
          f"{self.name} {split} has {len(x)} examples and {len(y)} labels where the release has "
          f"{size}: the files are incomplete or of another release, fetch them again"
        )
    return {split: self._generate_examples(*arrays) for split, arrays in splits.items()}

  def _generate_examples(self, xs: np.ndarray, ys: np.ndarray) -> Iterator[tuple[int, dict]]:
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
      yield i, self._example(x, y)

  def _image_info(self, shape: tuple[int, int, int], **texts: Any) -> tfds.core.DatasetInfo:
    features = {
      "image": tfds.features.Image(shape=shape, encoding_format="png"),
      "label": tfds.features.ClassLabel(names=DIGITS),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=("image", "label"),
      disable_shuffling=True,
      **texts,
    )
