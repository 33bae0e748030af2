"""Read data sets that TFDS has prepared.

They are decoded once as arrays, or stay encoded as images.

Arrays are kept as .npy beside the prepared files: decoding MNIST's 70000 PNGs takes 15 s, mapping
the kept arrays 1 ms, without tensorflow_datasets. Photographs are read where they are used.
"""

import io
import os
import re
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import builders
from adapt.data.images import Images, eight_bits, unscaled, unscaled_mode, upright

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
    x [n, …] of the prepared dtype (images uint8), read-only and memory-mapped, and y [n] int64.

  Raises:
    ValueError: not prepared (with the command that prepares it); no such split; prepared in a file
      format that only TensorFlow reads; not a classification set; images of several sizes.
  """
  folder = _folder(name, data_dir)
  kept = [folder / f"adapt_{split}_{part}.npy" for part in "xy"]
  if not all(path.is_file() for path in kept):
    decoded = _decode(name, split, folder)
    try:
      for path, array in zip(kept, decoded, strict=True):
        _write(path, array)
    except OSError:  # a data folder that others own: decode at each run rather than fail
      return decoded
  x, y = (np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)) for path in kept)
  return x, y


class Records:
  """Encoded images of a prepared split, read by index.

  The files are opened where and when one is read.

  An open reader neither pickles nor survives a fork, so each process that reads opens its own.

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
      self._opened = os.getpid(), _source(self.folder, self.split, self.key)
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
  kept = folder / f"adapt_{split}_y.npy"
  if not kept.is_file():
    source = _readable(name, folder, split, x_key)
    y = np.fromiter((example[y_key] for example in source), np.int64, len(source))
    try:
      _write(kept, y)
    except OSError:  # as in `arrays`
      return Images(records), y
  return Images(records), np.asarray(np.load(kept, mmap_mode="r", allow_pickle=False))


def splits(name: str, data_dir: str | os.PathLike | None = None) -> tuple[str, ...]:
  """Return the names of the prepared splits.

  Raises ValueError as `arrays`.
  """
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
  """Return the features used as input and label.

  They are the supervised keys, or image and label.
  """
  keys = info.supervised_keys or ("image", "label")
  tfds = builders.import_tfds()
  known = len(keys) == 2 and all(isinstance(key, str) and key in info.features for key in keys)
  if known and isinstance(info.features[keys[1]], tfds.features.ClassLabel):
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
  is_image = isinstance(builder.info.features[x_key], tfds.features.Image)
  source = _readable(name, folder, split, x_key if is_image else None)
  channels = builder.info.features[x_key].shape[-1] if is_image else 0
  xs, y = [], np.empty(len(source), np.int64)
  for i, example in enumerate(source):
    where = f"image {i} of {name} {split}"
    xs.append(_image(example[x_key], channels, where) if is_image else example[x_key])
    y[i] = example[y_key]
  if len({x.shape for x in xs}) > 1:
    raise ValueError(
      f"the images of {name} have several sizes: resize them and write x and y to an .npz file"
    )
  return np.stack(xs), y


def _check_split(name: str, split: str, info: Any) -> None:
  if split not in info.splits:
    raise ValueError(f"{name} has no split '{split}': choose from {', '.join(info.splits)}")


def _readable(name: str, folder: Path, split: str, key: str | None) -> Any:
  """Return the examples of a split, by index.

  Raises ValueError for a format that only TensorFlow reads.
  """
  try:
    return _source(folder, split, key)
  except NotImplementedError as error:
    kind = _builder(folder).info.file_format.value
    raise ValueError(
      f"{name} is prepared as {kind}, which only TensorFlow reads: delete {folder} or take another "
      f"--data-dir, then {_remedy(name, None)}"
    ) from error


def _source(folder: Path, split: str, key: str | None) -> Any:
  """TFDS's data source. Images come as bytes.

  TFDS would decode them with OpenCV where it happens to be installed, and complain where it is not.
  """
  tfds = builders.import_tfds()
  decoders = {key: tfds.decode.SkipDecoding()} if key else None
  return _builder(folder).as_data_source(split, decoders=decoders)


def _image(data: bytes, channels: int, where: str) -> np.ndarray:
  """Decode an image to [h, w, c] uint8.

  `where` is what a message calls it.
  """
  from PIL import Image

  with Image.open(io.BytesIO(data)) as image:
    if unscaled_mode(image):
      raise unscaled(where, image.mode)
    whole = upright(eight_bits(image, data))
    pixels = np.asarray(whole.convert({1: "L", 3: "RGB"}[channels]), np.uint8)
  return pixels.reshape(*pixels.shape[:2], channels)


def _write(path: Path, array: np.ndarray) -> None:
  """Save a file atomically by renaming a temporary one.

  A file that exists is whole, also with two runs.
  """
  temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
  try:
    with temporary.open("xb") as stream:
      np.save(stream, array, allow_pickle=False)
    temporary.replace(path)
  finally:
    temporary.unlink(missing_ok=True)
