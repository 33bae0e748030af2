"""Read data sets that TFDS has prepared.

They are decoded once as arrays, or stay encoded as images. Arrays are kept as .npy beside the prepared
files: decoding MNIST's 70000 PNGs takes 15 s, mapping the kept arrays milliseconds, without
tensorflow_datasets. Photographs are read where they are used.
"""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import builders, kept_arrays
from adapt.data.images import Images, eight_bits, opened, unscaled, unscaled_mode, upright

_VERSION = re.compile(r"\d+\.\d+\.\d+")
# Directories of TFDS are named after the builder; `mnist` alone differs (see builders/mnist.py).
_OURS = {name: name for name in builders.names()} | {"mnist_digits": "mnist"}
_OURS.pop("mnist")  # that name is TFDS's own set
# Where TFDS's own set is not prepared (it wants TensorFlow for that), ours holds the same examples.
_STAND_INS = {"mnist": "mnist_digits"}


def arrays(
  name: str, split: str, data_dir: str | os.PathLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
  """Load the inputs and labels of a split.

  They are in the order of the prepared files.

  Args:
    name: the TFDS name, "usps", "amazon_reviews/books"; the newest prepared version is read.
    split: "train", "test", …, as prepared.
    data_dir: where TFDS keeps its sets; None means `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.

  Returns:
    x [n, …] of the prepared dtype (images uint8), read-only and mapped, and y: [n] int64, float32 of a set
    of values (regression), or masks [n, h, w].

  Raises:
    ValueError: not prepared (with the command that prepares it); no such split; prepared in a file
      format that only TensorFlow reads; without labels; images of several sizes.
  """
  folder = _folder(name, data_dir)
  x, y = (_kept(folder, split, part) for part in "xy")
  if x is not None and y is not None:
    return x, y
  decoded = _decode(name, split, folder)
  for part, array in zip("xy", decoded, strict=True):
    _keep(folder, split, part, array)
  return decoded


class Records:
  """Encoded images of a prepared split, read by index.

  An open reader neither pickles nor survives a fork, so each process opens its own when it reads.

  Args:
    folder: of the prepared set, with its version.
    split: "train", ….
    key: the name of the image feature.
    size: how many images there are.
  """

  def __init__(self, folder: Path, split: str, key: str, size: int):
    self.folder, self.split, self.key, self.size = folder, split, key, size
    self._opened: tuple[int, Any] | None = None  # process, source

  def __len__(self) -> int:
    return self.size

  def __getstate__(self) -> dict[str, Any]:
    return self.__dict__ | {"_opened": None}

  def read(self, i: int) -> bytes:
    """The bytes of image i, as stored."""
    if self._opened is None or self._opened[0] != os.getpid():
      self._opened = os.getpid(), _source(self.folder, self.split, (self.key,))
    data: bytes = self._opened[1][i][self.key]
    return data

  def name(self, i: int) -> str:
    """Return the name of image i for messages."""
    return f"image {i} of {self.folder} {self.split}"


def images(
  name: str, split: str, data_dir: str | os.PathLike | None = None
) -> tuple[Images, np.ndarray]:
  """Load the images and labels of a split without decoding.

  They are in the order of the prepared files.

  Args:
    name: as `arrays`, as are `split` and `data_dir`.

  Returns:
    The images, encoded, and y [n] int64, read-only.

  Raises:
    ValueError: as `arrays`; not a set of images.
  """
  folder = _folder(name, data_dir)
  info = _builder(folder).info
  x_key, y_key = _keys(name, info)
  if not isinstance(info.features[x_key], builders.import_tfds().features.Image):
    raise ValueError(f"the inputs of {name} are no images: read them as arrays")
  _check_split(name, split, info)
  records = Records(folder, split, x_key, info.splits[split].num_examples)
  y = _kept(folder, split, "y")
  if y is None:
    source = _readable(name, folder, split, (x_key,))
    y = np.fromiter((example[y_key] for example in source), np.int64, len(source))
    _keep(folder, split, "y", y)
  return Images(records), y


def splits(name: str, data_dir: str | os.PathLike | None = None) -> tuple[str, ...]:
  """Return the names of the prepared splits; raises ValueError as `arrays`."""
  return tuple(_builder(_folder(name, data_dir)).info.splits)


def classes(name: str, data_dir: str | os.PathLike | None = None) -> tuple[str, ...]:
  """Return the class names of a prepared set.

  Raises ValueError as `arrays`.
  """
  info = _builder(_folder(name, data_dir)).info
  return tuple(info.features[_keys(name, info)[1]].names)


def _folder(name: str, data_dir: str | os.PathLike | None) -> Path:
  """Find the folder of the newest prepared version."""
  root = Path(data_dir) if data_dir else builders.default_data_dir()
  base = root / name
  found = [p for p in _subfolders(base) if _VERSION.fullmatch(p.name)]
  found = [p for p in found if _prepared(p)]
  if found:
    return max(found, key=lambda path: [int(part) for part in path.name.split(".")])
  if name in _STAND_INS:
    return _folder(_STAND_INS[name], data_dir)
  configs = [p.name for p in _subfolders(base) if any(map(_prepared, _subfolders(p)))]
  if configs:
    raise ValueError(
      f"{name} needs a config: choose from {', '.join(f'{name}/{c}' for c in configs)}"
    )
  raise ValueError(f"{name} is not prepared in {root}: {_remedy(name, data_dir)}")


def _subfolders(path: Path) -> list[Path]:
  return sorted(p for p in path.iterdir() if p.is_dir()) if path.is_dir() else []


def _prepared(path: Path) -> bool:
  return (path / "dataset_info.json").is_file()


def _remedy(name: str, data_dir: str | os.PathLike | None) -> str:
  """The command that prepares a set."""
  ours = _OURS.get(name.split("/")[0])
  if ours:
    where = f" --data-dir {data_dir}" if data_dir else ""
    return f"run adapt data prepare {ours}{where}"
  where = f", data_dir={str(data_dir)!r}" if data_dir else ""
  return (
    'run python -c "import tensorflow_datasets as tfds; '
    f"tfds.builder({name!r}, file_format='array_record'{where}).download_and_prepare()\" "
    "(most of TFDS's own sets need TensorFlow for this one step: pip install tensorflow)"
  )


def _builder(folder: Path) -> Any:
  """TFDS's read-only builder of a prepared folder."""
  return builders.import_tfds().builder_from_directory(folder)


def _keys(name: str, info: Any) -> tuple[str, str]:
  """Return the features used as input and label: the supervised keys, or image and label."""
  keys = info.supervised_keys or ("image", "label")
  tfds = builders.import_tfds()
  known = len(keys) == 2 and all(isinstance(key, str) and key in info.features for key in keys)
  label: Any = info.features[keys[1]] if known else None
  ours = known and name.split("/")[0] in _OURS  # values, of which sets of others say nothing
  kinds = (tfds.features.ClassLabel, tfds.features.Image)  # an image as label is a mask
  if isinstance(label, kinds) or (ours and label.np_dtype == np.float32):
    return keys
  raise ValueError(
    f"{name} is not a classification set (features {', '.join(sorted(info.features))}): "
    "write its arrays x and y to an .npz file instead"
  )


def _decode(name: str, split: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
  """The arrays of a split from the prepared files."""
  tfds = builders.import_tfds()
  builder = _builder(folder)
  _check_split(name, split, builder.info)
  x_key, y_key = _keys(name, builder.info)
  is_image, masks = (
    isinstance(builder.info.features[k], tfds.features.Image) for k in (x_key, y_key)
  )
  source = _readable(name, folder, split, (x_key,) * is_image + (y_key,) * masks)
  channels = builder.info.features[x_key].shape[-1] if is_image else 0
  kind = (
    np.int64 if isinstance(builder.info.features[y_key], tfds.features.ClassLabel) else np.float32
  )
  xs, ys = [], []
  for i, example in enumerate(source):
    where = f"image {i} of {name} {split}"
    xs.append(_image(example[x_key], channels, where) if is_image else example[x_key])
    ys.append(_image(example[y_key], 1, f"mask {i} of {name} {split}") if masks else example[y_key])
  if len({x.shape for x in xs}) > 1:
    raise ValueError(
      f"the images of {name} have several sizes: resize them and write x and y to an .npz file"
    )
  return np.stack(xs), np.stack(ys)[..., 0] if masks else np.asarray(ys, kind)


def _check_split(name: str, split: str, info: Any) -> None:
  if split not in info.splits:
    raise ValueError(f"{name} has no split '{split}': choose from {', '.join(info.splits)}")


def _readable(name: str, folder: Path, split: str, keys: tuple[str, ...]) -> Any:
  """Return the examples of a split, by index.

  Raises ValueError for a format that only TensorFlow reads.
  """
  try:
    return _source(folder, split, keys)
  except NotImplementedError as error:
    kind = _builder(folder).info.file_format.value
    raise ValueError(
      f"{name} is prepared as {kind}, which only TensorFlow reads: delete {folder} or take another "
      f"--data-dir, then {_remedy(name, None)}"
    ) from error


def _source(folder: Path, split: str, keys: tuple[str, ...]) -> Any:
  """TFDS's data source. Images come as bytes.

  TFDS would decode them with OpenCV where it happens to be installed, and complain where it is not.
  """
  tfds = builders.import_tfds()
  decoders = {key: tfds.decode.SkipDecoding() for key in keys} or None
  return _builder(folder).as_data_source(split, decoders=decoders)


def _image(data: bytes, channels: int, where: str) -> np.ndarray:
  """Decode an image to [h, w, c] uint8.

  `where` is what a message calls it.
  """
  with opened(data, where, "prepare the set again") as image:
    mode = image.mode
    if not unscaled_mode(image):
      whole = upright(eight_bits(image, data))
      pixels = np.asarray(whole.convert({1: "L", 3: "RGB"}[channels]), np.uint8)
      return pixels.reshape(*pixels.shape[:2], channels)
  raise unscaled(where, mode)


def identity(folder: Path, split: str, part: str) -> str:
  """Identify a kept array: prepared set, split, and x or y."""
  about = (folder / "dataset_info.json").read_bytes()
  return f"{hashlib.sha256(about).hexdigest()[:32]} {split} {part}"


def verified(root: Path) -> Iterator[tuple[Path, str]]:
  """Check every kept array below a folder; yields faults, or ""."""
  for file in sorted(root.rglob("adapt_*_[xy].npy")):
    split, part = file.stem.removeprefix("adapt_").rsplit("_", 1)
    known = _prepared(file.parent)
    yield file, kept_arrays.damage(file, identity(file.parent, split, part) if known else None)
  for folder in kept_arrays.FEATURES, kept_arrays.WEIGHTS:
    for file in sorted((root / folder).glob("*.npy")):
      yield file, kept_arrays.damage(file, file.stem)


def _file(folder: Path, split: str, part: str) -> Path:
  return folder / f"adapt_{split}_{part}.npy"


def _kept(folder: Path, split: str, part: str) -> np.ndarray | None:
  return kept_arrays.read(_file(folder, split, part), identity(folder, split, part))


def _keep(folder: Path, split: str, part: str, array: np.ndarray) -> None:
  """Keep an array; a data folder that others own is left, and decoded at each run."""
  with contextlib.suppress(OSError):
    kept_arrays.sweep(folder)
    kept_arrays.write(_file(folder, split, part), array, identity(folder, split, part))
