"""Base classes of the TFDS builders.

They hold facts about a set, its published files, and how examples are written.

TFDS needs TensorFlow to encode an array as an image, but stores bytes as they are: so arrays become
PNGs here, with Pillow, and published image files are stored unchanged.
"""

import contextlib
import io
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from adapt.data import fetch, images, npy
from adapt.data.builders import shards, tree

Arrays = tuple[np.ndarray, np.ndarray]  # x [n, …], y [n]
Sizes = dict[str | None, dict[str, int]]  # examples by config (None: there are none) and split

DIGITS = tuple("0123456789")


class Published(NamedTuple):
  """A published file with its mirrors and checksum.

  It has the published name, the mirrors in order, the SHA-256 where known, and the most bytes that
  it may have: its size where that is known.
  """

  name: str
  urls: tuple[str, ...] = ()
  sha256: str | None = None
  most: int = fetch.LIMIT


def https_first(place: str) -> tuple[str, str]:
  """Return a place's addresses by https, and by http as fallback.

  Some servers have no https.
  """
  return f"https://{place}", f"http://{place}"


def png(image: np.ndarray) -> io.BytesIO:
  """Encode an image as PNG bytes.

  The image is [h, w, 1] or [h, w, 3] uint8. Encoding is fast rather than small.
  """
  stream = io.BytesIO()
  Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(
    stream, format="png", compress_level=1
  )
  stream.seek(0)
  return stream


def read_array_file(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
  """Read the named arrays of an .npz file.

  Raises ValueError if the file is absent, damaged, larger than memory, or lacks one of them.
  """
  if not path.is_file():
    raise ValueError(f"no file '{path}': give --from the folder that holds it")
  try:
    with npy.members(path) as (found, array):
      if missing := [key for key in keys if key not in found]:
        raise ValueError(
          f"{path} has no array '{missing[0]}' (it has {', '.join(found)}): fetch it again"
        )
      return [array(key) for key in keys]
  except npy.Damaged as error:
    raise ValueError(f"{path} is no whole .npz file ({error}): fetch it again") from error


def words(text: str) -> tuple[str, ...]:
  """Split a string of names at spaces."""
  return tuple(text.split())


def configs(sizes: Sizes, description: str) -> list[tfds.core.BuilderConfig]:
  """Return a TFDS config for each name that has sizes.

  `description` has a {} for the name.
  """
  return [
    tfds.core.BuilderConfig(name=name, description=description.format(name)) for name in sizes
  ]


class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):  # type: ignore[call-arg]
  """Base TFDS builder with facts printable before preparation.

  It also knows where the set's files come from.
  """

  CLASSES: ClassVar[tuple[str, ...]]
  SIZES: ClassVar[Sizes]
  LICENSE: ClassVar[str]
  HOMEPAGE: ClassVar[str]
  CITATION: ClassVar[str]
  MANUAL: ClassVar[str] = ""  # how a person gets it; empty where the download is automatic
  FILES: ClassVar[dict[str | None, tuple[Published, ...]]]

  def __init__(self, *, source: str | os.PathLike | None = None, **kwargs: Any):
    self._source = None if source is None else Path(source)
    super().__init__(**kwargs)

  def is_absent(self) -> bool:
    """Whether this is an optional config missing from the folder."""
    return False

  def _config(self) -> str | None:
    return self.builder_config.name if self.builder_config else None

  def _sizes(self) -> dict[str, int]:
    """The number of examples of each split."""
    # A set without configs may have its splits without the None.
    sizes: dict[str, int] = self.SIZES.get(self._config(), self.SIZES)  # type: ignore[arg-type]
    return sizes

  def _fetched(self) -> list[Path]:
    """Download the published files of this config.

    Raises ValueError where a person must download them.
    """
    folder = self.data_dir_root / "downloads" / "adapt" / self.name
    files = self.FILES[self._config()]
    if self.MANUAL and any(not file.urls for file in files):
      text = " ".join(self.MANUAL.split())
      raise ValueError(f"{self.name} has to be downloaded by hand, then use --from FOLDER: {text}")
    return [fetch.fetch(f.urls, Path(folder) / f.name, f.sha256, f.most) for f in files]

  def _described(
    self, features: dict[str, Any], description: str, supervised: tuple[str, str]
  ) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      description=description,
      features=tfds.features.FeaturesDict(features),
      supervised_keys=supervised,
      homepage=self.HOMEPAGE,
      citation=self.CITATION,
      license=self.LICENSE,
      disable_shuffling=True,
    )


class ArrayBuilder(Builder, skip_registration=True):  # type: ignore[call-arg]
  """A builder whose splits fit into memory as arrays.

  Subclasses say how to read a folder that holds a copy (`_from_folder`) and the public release
  (`_from_release`), both as {"train": (x, y), "test": (x, y)}. Examples keep the order of the
  release (no shuffling), so example i of a split is image i everywhere.
  """

  def _from_folder(self, folder: Path) -> dict[str, Arrays]:
    raise NotImplementedError

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Arrays]:
    raise NotImplementedError

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

  def _image_info(self, shape: tuple[int, int, int], description: str) -> tfds.core.DatasetInfo:
    features = {
      "image": tfds.features.Image(shape=shape, encoding_format="png"),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(features, description, ("image", "label"))


class ImageBuilder(Builder, skip_registration=True):  # type: ignore[call-arg]
  """A builder of photographs of any size.

  Their published bytes are stored unchanged.

  Examples are sorted by class, then by file name. There is one split, "train": these sets are
  published without one, and TFDS keeps the name "all" for itself.

  A folder given as source holds, in itself or in a subfolder of the set's name, the published files
  of `FILES`, or one of the `ARCHIVES`, or what they unpack to.
  """

  ARCHIVES: ClassVar[tuple[str, ...]] = ()  # other published archives, each with the whole set

  def _members(self, names: Sequence[str], read: Callable[[str], bytes]) -> list[tuple[int, str]]:
    """(label, name) of each image among the names of the published files."""
    raise NotImplementedError

  def _folder(self) -> Path:
    assert self._source is not None
    own = self._source / self.name
    return own if own.is_dir() else self._source

  def _has_any(self, files: Sequence[str]) -> bool:
    """Whether a folder is given and has one of some files."""
    return self._source is not None and any((self._folder() / name).is_file() for name in files)

  def _paths(self) -> list[Path]:
    """The published files, archives or the folder to read."""
    if self._source is None:
      return self._fetched()
    folder = self._folder()
    forms = [
      [file.name for file in self.FILES[self._config()]],
      *([name] for name in self.ARCHIVES),
    ]
    for form in forms:
      if form and all((folder / name).is_file() for name in form):
        return [folder / name for name in form]
    return [folder]

  @contextlib.contextmanager
  def _opened(self) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
    with tree.opened(self._paths()) as (names, read):
      yield names, read

  def _split_generators(self, dl_manager: Any) -> dict[str, Iterator]:
    return {split: self._generate_examples() for split in self._sizes()}

  def _generate_examples(self) -> Generator[tuple[int, dict[str, Any]], None, None]:
    """Yield the images in order, after checking their counts."""
    (size,) = self._sizes().values()
    where = f"{self.name}/{self._config()}"
    with self._opened() as (names, read):
      members = sorted(self._members(names, read))
      found = {label for label, _ in members}
      missing = [name for label, name in enumerate(self.CLASSES) if label not in found]
      if missing:
        raise ValueError(
          f"{where} has no image of the class {missing[0]} ({len(missing)} of {len(self.CLASSES)} "
          "classes are absent): give --from the folder of the published files, or fetch them again"
        )
      if len(members) != size:
        raise ValueError(
          f"{where} has {len(members)} images where the release has {size}: the files are "
          "incomplete or of another release, fetch them again"
        )
      for i, (label, name) in enumerate(members):
        data = read(name)
        check_image(data, f"{where} {name}")
        yield i, {"image": io.BytesIO(data), "label": label}

  def _generate_splits(self, dl_manager: Any, download_config: Any) -> list[tfds.core.SplitInfo]:
    ((split, size),) = self._sizes().items()
    with contextlib.closing(self._generate_examples()) as examples:
      return [shards.write(self, split, size, (example for _, example in examples))]

  def _image_info(self, description: str) -> tfds.core.DatasetInfo:
    features = {
      "image": tfds.features.Image(shape=(None, None, 3)),
      "label": tfds.features.ClassLabel(names=self.CLASSES),
    }
    return self._described(features, description, ("image", "label"))


def check_image(data: bytes, name: str) -> None:
  """Raise ValueError, with the name, unless the image fully decodes."""
  with images.opened(data, name, "fetch it again") as image:
    image.load()
