"""Reads weights from .safetensors and PyTorch files, without running them.

It needs NumPy alone. A PyTorch file holds a pickle, which is a program. Here it may call nothing
but our own functions, which only note where each tensor lies.
"""

import math
import pickle
import pickletools
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from adapt import extras

_SAFETENSORS = {
  "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "I64": "<i8", "I32": "<i4",
  "I16": "<i2", "I8": "|i1", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_STORAGES = {
  "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2",
  "BFloat16Storage": "bfloat16", "LongStorage": "<i8", "IntStorage": "<i4",
  "ShortStorage": "<i2", "CharStorage": "|i1", "ByteStorage": "|u1", "BoolStorage": "|b1",
}  # fmt: skip
_OLD_MAGIC = bytes.fromhex("80028a0a6cfc9c46f920")  # how a file starts that is not a zip archive
_PICKLE_LIMIT = 64 * 2**20  # bytes; those of the largest published networks have less than one
_CONVERT = "convert it to .safetensors where it comes from"


class Storage(NamedTuple):
  """A run of numbers in a file."""

  dtype: str
  key: str
  numbers: int


class Tensor(NamedTuple):
  """Where a tensor lies in its storage.

  Offset, sizes and strides are in numbers.
  """

  storage: Storage
  offset: int
  size: tuple[int, ...]
  stride: tuple[int, ...]


class Refused(ValueError):
  """A file that is understood and not read."""


def read(path: str | Path) -> dict[str, np.ndarray]:
  """The arrays of a file of weights by name.

  A state dict inside {"state_dict": …} or {"model": …} is found. What is no array (an epoch, the
  state of an optimiser) is left out, and so is the prefix "module." that parallel training leaves.

  Args:
    path: a .safetensors file, or a .pth, .pt or .bin file as torch.save writes it, in today's form
      (a zip archive) or that of PyTorch before 1.6.

  Returns:
    Arrays in native byte order, bfloat16 widened to float32. They may share memory and be read-only.

  Raises:
    ValueError: no such file; the file is damaged, says to run code, or is none of these kinds.
  """
  path = Path(path)
  if not path.is_file():
    raise ValueError(f"no file {path}: give a .safetensors or .pth file of weights")
  try:
    if path.suffix == ".safetensors":
      arrays = _read_safetensors(path)
    elif zipfile.is_zipfile(path):
      arrays = _read_zip(path)
    else:
      arrays = _read_old(path)
  except Refused as error:
    raise ValueError(f"{path} {error}") from error
  except Exception as error:  # whatever a damaged or hostile file makes the readers meet
    raise ValueError(
      f"{path} is damaged or no file of weights ({type(error).__name__}: {error}): fetch it again"
    ) from error
  if not arrays:
    raise ValueError(f"{path} holds no arrays by name: give the file of a state dict")
  if all(name.startswith("module.") for name in arrays):
    arrays = {name.removeprefix("module."): array for name, array in arrays.items()}
  return arrays


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
  try:
    from safetensors import deserialize
  except ImportError as error:
    raise Refused(f"needs safetensors: {extras.install('pretrained')}") from error
  arrays = {}
  for name, entry in deserialize(path.read_bytes()):
    if entry["dtype"] not in _SAFETENSORS:
      raise Refused(f"has {name} of type {entry['dtype']}: save it as float32")
    numbers = _numbers(entry["data"], _SAFETENSORS[entry["dtype"]])
    arrays[name] = numbers.reshape(entry["shape"])
  return arrays


def _read_zip(path: Path) -> dict[str, np.ndarray]:
  with zipfile.ZipFile(path) as archive:
    entries = {info.filename: info for info in archive.infolist()}
    # torch.save compresses nothing, so no archive of its making can grow as it is read.
    if any(info.compress_type != zipfile.ZIP_STORED for info in entries.values()):
      raise Refused(f"is compressed, as torch.save never writes: {_CONVERT}")
    if sum(info.file_size for info in entries.values()) > path.stat().st_size:
      raise Refused("claims to hold more than its own size: fetch it again")
    roots = [name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl")]
    if len(roots) != 1:
      raise Refused("is a zip archive but not of torch.save: give a .safetensors or .pth file")
    (root,) = roots
    if f"{root}byteorder" in entries and archive.read(f"{root}byteorder").strip() != b"little":
      raise Refused(f"was written on a big-endian machine: {_CONVERT}")
    if entries[f"{root}data.pkl"].file_size > _PICKLE_LIMIT:
      raise Refused(f"has a pickle of more than {_PICKLE_LIMIT >> 20} MiB: {_CONVERT}")
    with archive.open(f"{root}data.pkl") as stream:
      described = _Pickle(stream).load()

    def contents(storage: Storage) -> np.ndarray:
      return _numbers(archive.read(f"{root}data/{storage.key}"), storage.dtype)

    return _filled(described, contents)


def _read_old(path: Path) -> dict[str, np.ndarray]:
  """PyTorch before 1.6: five pickles in a row, then each storage's length and numbers."""
  size = path.stat().st_size
  with path.open("rb") as stream:
    if stream.read(len(_OLD_MAGIC)) != _OLD_MAGIC:
      raise Refused("is neither .safetensors nor a file of torch.save: give one of those")
    stream.seek(0)
    _Pickle(stream).load()  # the magic number
    if (version := _Pickle(stream).load()) != 1001:
      raise Refused(f"has the unknown version {version}: {_CONVERT}")
    if not _Pickle(stream).load()["little_endian"]:
      raise Refused(f"was written on a big-endian machine: {_CONVERT}")
    pickled = _Pickle(stream)
    described = pickled.load()
    storages: dict[str, np.ndarray] = {}
    for key in _Pickle(stream).load():
      (numbers,) = struct.unpack("<q", stream.read(8))
      kind = pickled.seen[key].dtype
      count = numbers * _bytes_each(kind)
      if not 0 <= count <= size - stream.tell():
        raise Refused("ends before its numbers do: fetch it again")
      storages[key] = _numbers(stream.read(count), kind)
    return _filled(described, lambda storage: storages[storage.key])


class _Pickle(pickle.Unpickler):
  """Unpickles descriptions of tensors; refuses every name but the few that a state dict needs."""

  def __init__(self, stream: BinaryIO | Any) -> None:
    super().__init__(stream)
    self.stream = stream
    self.seen: dict[str, Storage] = {}

  def load(self) -> Any:
    """Loads the object; a pickle with too many memo entries is refused.

    It may not number what it remembers beyond its own length.
    """
    start = self.stream.tell()
    for code, value, place in pickletools.genops(self.stream):
      # The reader would make room for that many, gigabytes for four bytes.
      if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and (value or 0) > (place or 0) - start:
        raise Refused("has a pickle with impossible numbers: fetch it again")
    self.stream.seek(start)
    return super().load()

  def find_class(self, module: str, name: str) -> Any:
    # The functions are made anew for each mention: a pickle can set attributes of what it is given.
    if (module, name) == ("collections", "OrderedDict"):
      return OrderedDict
    if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
      return lambda storage, offset, size, stride, *_: Tensor(storage, offset, size, stride)
    if (module, name) == ("torch._utils", "_rebuild_parameter"):
      return lambda tensor, *_: tensor
    if module == "torch" and name in _STORAGES:
      return _STORAGES[name]
    raise Refused(f"would run code ({module}.{name}): {_CONVERT}")

  def persistent_load(self, pid: Any) -> Storage:
    word, dtype, key, _, numbers, *view = pid
    if word != "storage" or dtype not in _STORAGES.values() or any(v is not None for v in view):
      raise Refused(f"refers to something that is no storage: {_CONVERT}")
    self.seen[key] = Storage(dtype, key, numbers)
    return self.seen[key]


def _filled(described: Any, contents: Callable[[Storage], np.ndarray]) -> dict[str, np.ndarray]:
  """The arrays of the state dict that was described; each storage is read once."""
  for wrapper in ("state_dict", "model"):
    if isinstance(described, dict) and isinstance(described.get(wrapper), dict):
      described = described[wrapper]
  entries = dict(described) if isinstance(described, dict) else {}
  read: dict[str, np.ndarray] = {}
  arrays = {}
  for name, tensor in entries.items():
    if isinstance(name, str) and isinstance(tensor, Tensor):
      if tensor.storage.key not in read:
        read[tensor.storage.key] = contents(tensor.storage)
      arrays[name] = _view(read[tensor.storage.key], tensor)
  return arrays


def _view(numbers: np.ndarray, tensor: Tensor) -> np.ndarray:
  """The tensor as a view of its storage, if it lies within."""
  storage, offset, size, stride = tensor
  if not all(type(n) is int and n >= 0 for n in (offset, *size, *stride)):
    raise Refused("has a tensor of impossible shape: fetch it again")
  last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
  # More elements than numbers is what expand() makes; none is in a state dict, and a few bytes
  # could claim terabytes so.
  inside = last < len(numbers) and math.prod(size) <= len(numbers)
  if len(numbers) != storage.numbers or (math.prod(size) > 0 and not inside):
    raise Refused("has a tensor that exceeds its storage: fetch it again")
  if math.prod(size) == 0:
    return np.zeros(size, numbers.dtype)
  steps = [step * numbers.itemsize for step in stride]
  return np.lib.stride_tricks.as_strided(numbers[offset:], size, steps, writeable=False)


def _numbers(data: bytes, dtype: str) -> np.ndarray:
  """Bytes as numbers; bfloat16, which NumPy lacks, is the upper half of a float32."""
  if dtype != "bfloat16":
    return np.frombuffer(data, dtype)
  return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)


def _bytes_each(dtype: str) -> int:
  return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
