"""Encoded images that behave like an array.

They are decoded and resized when they are read, not before.

A set of photographs at 224 pixels does not fit into memory; its files do, or stay on disk. `Images`
has the shape, dtype and indexing that the rest of the code expects of [n, h, w, 3] uint8.
"""

import contextlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.data import npy

_FEW = 1000
# What PIL may decode, whatever a file is called: it knows kinds that start other programs (EPS).
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "PPM", "GIF", "TIFF")
LARGEST = 2**28  # bytes of pixels that any image may have
_WORTH = 64  # bytes of pixels for a byte of a larger image's file; scans have 2 to 30
_UNCHECKED = threading.Lock()
UNSCALED = ("I", "F")  # PIL's modes of whole and real numbers, which have no greatest value


class Files(NamedTuple):
  """Image files, given by path."""

  paths: tuple[str, ...]

  def __len__(self) -> int:
    return len(self.paths)

  def read(self, i: int) -> bytes:
    """The bytes of image i."""
    return Path(self.paths[i]).read_bytes()

  def name(self, i: int) -> str:
    """Return the name of image i for messages."""
    return self.paths[i]


class Images:
  """Encoded images with an order and a size.

  Args:
    source: has `read(i) -> bytes`, `name(i) -> str` and a length; must pickle, as workers get it.
    rows: which images of the source, in which order; None means all.
    side: height and width after resizing, in pixels.

  Raises:
    ValueError: when read, an image that does not decode; the message names it.
  """

  dtype = np.dtype(np.uint8)
  ndim = 4

  def __init__(self, source: Any, rows: np.ndarray | None = None, side: int = 224):
    self.source = source
    self.rows = np.arange(len(source)) if rows is None else np.asarray(rows)
    self.side = side

  @property
  def shape(self) -> tuple[int, int, int, int]:
    return len(self.rows), self.side, self.side, 3

  @property
  def nbytes(self) -> int:
    """Size in bytes when decoded."""
    return int(np.prod(self.shape))

  def __len__(self) -> int:
    return len(self.rows)

  def take(self, rows: np.ndarray) -> "Images":
    """Select images by row, still encoded."""
    return Images(self.source, self.rows[rows], self.side)

  def resized(self, side: int) -> "Images":
    """Change the output size, still encoded."""
    return Images(self.source, self.rows, side)

  def encoded(self, i: int) -> bytes:
    """The bytes of image i, as stored."""
    data: bytes = self.source.read(int(self.rows[i]))
    return data

  def name(self, i: int) -> str:
    """Return the name of image i for messages."""
    return str(self.source.name(int(self.rows[i])))

  def __getitem__(self, at: Any) -> np.ndarray:
    """Decode one image or several.

    An integer gives [h, w, 3]. A slice or an array of integers gives [k, h, w, 3].
    """
    if isinstance(at, int | np.integer):
      return decode(self.encoded(int(at)), self.side, self.name(int(at)))
    places = np.arange(len(self))[at]
    out = np.empty((len(places), self.side, self.side, 3), np.uint8)

    def fill(k: int) -> None:
      out[k] = self[int(places[k])]

    if len(places) < _FEW:  # a batch: its caller decodes several at once
      for k in range(len(places)):
        fill(k)
    else:  # decoders run outside of Python's lock
      with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(fill, range(len(places))))
    return out


def decode(data: bytes, side: int, name: str = "an image") -> np.ndarray:
  """Decode and resize an image to [side, side, 3] uint8.

  The aspect ratio is not kept (as TLlib's Resize).

  Raises:
    ValueError: it does not decode, or has values of unknown range; the message names it.
  """
  from PIL import Image

  with opened(data, name, "replace it or remove it", side) as image:
    mode = image.mode
    if not unscaled_mode(image):
      rgb = upright(eight_bits(image, data)).convert("RGB")
      if rgb.size != (side, side):
        rgb = rgb.resize((side, side), Image.Resampling.BILINEAR)
      return np.asarray(rgb)
  raise unscaled(name, mode)


@contextlib.contextmanager
def opened(data: bytes, name: str, remedy: str, side: int = 0) -> Iterator[Any]:
  """Open an encoded image of untrusted origin with Pillow.

  A large JPEG is decoded at a fraction of its size where that is enough for `side`.

  Args:
    data: the file's bytes.
    name: what a message calls it.
    remedy: what a message says to do where it does not decode.
    side: height and width that are wanted; 0 for all of its pixels.

  Raises:
    ValueError: inside of the context too: it does not decode, or would take more memory than
      images of `LARGEST` bytes or than its own bytes are worth.
  """
  try:
    with _open(data) as image:
      stated = image.size
      if side:
        image.draft("RGB", (side, side))
      # A progressive file's coefficients are held at full size, whatever is wanted.
      pixels = stated if image.info.get("progressive") else image.size
      if not (wrong := _too_large(pixels, len(data))):
        yield image
  except MemoryError:
    raise
  except Exception as error:  # whatever a damaged or hostile file makes a decoder meet
    raise ValueError(f"{name} does not decode as an image: {remedy}") from error
  if wrong:
    raise ValueError(f"{name} {wrong}")


def _open(data: bytes) -> Any:
  """Open an image, however many pixels it states."""
  from PIL import Image

  with _UNCHECKED:  # `_too_large` judges by bytes instead; Pillow would refuse, or warn
    most, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
      return Image.open(io.BytesIO(data), formats=FORMATS)
    finally:
      Image.MAX_IMAGE_PIXELS = most


def _too_large(pixels: tuple[int, int], stored: int) -> str | None:
  """Return what is wrong with an image whose pixels take more than its bytes are worth."""
  width, height = pixels
  size = 4 * width * height  # Pillow holds colours in 4 bytes
  if size <= max(LARGEST, min(_WORTH * stored, npy.memory() // 4)):
    return None
  return f"has {width} x {height} pixels, which take {size / 2**20:.0f} MiB: make it smaller"


def upright(image: Any) -> Any:
  """Turn a PIL image, such as a camera's, by its EXIF orientation."""
  from PIL import ImageOps

  return ImageOps.exif_transpose(image)


def eight_bits(image: Any, data: bytes) -> Any:
  """Convert a PIL image to at most 8 bits a channel.

  Of grey images with more, the upper 8 of the bits that the file declares are kept, as PIL does with
  16-bit colour. PIL's own conversion of grey clips at 255 instead, which leaves an image white.

  Args:
    image: as PIL has opened it.
    data: the file, which says what PIL does not.
  """
  from PIL import Image

  if not image.mode.startswith("I"):
    return image
  depth = _depth(image, data)
  orientation = image.getexif()
  levels = np.minimum(np.asarray(image).astype(np.int32) >> (depth - 8), 255)
  made = Image.fromarray(levels.astype(np.uint8))
  made.getexif().update(orientation)
  return made


def _depth(image: Any, data: bytes) -> int:
  """Bits of a grey image's values, 8 to 16: PNG's sBIT, TIFF's MaxSampleValue or BitsPerSample."""
  depth = 16
  if image.format == "PNG" and (at := data.find(b"sBIT", 0, max(data.find(b"IDAT"), 0))) > 0:
    depth = data[at + 4]
  elif image.format == "TIFF":
    most, bits = image.tag_v2.get(281), image.tag_v2.get(258, 16)
    bits = bits[0] if isinstance(bits, tuple) else bits
    most = most[0] if isinstance(most, tuple) else most
    depth = int(most).bit_length() if most else int(bits)
  return min(max(depth, 8), 16)


def unscaled_mode(image: Any) -> bool:
  """Whether a PIL image's mode has no known greatest value, unlike PGM's."""
  return image.mode in UNSCALED and not (image.format == "PPM" and image.mode == "I")


def unscaled(name: str, mode: str) -> ValueError:
  """Return the error for an image of a mode in UNSCALED."""
  return ValueError(
    f"{name} has pixels of mode {mode}, whose range is unknown: save it with 8 bits a channel"
  )


def take(x: Any, rows: np.ndarray) -> Any:
  """Select rows of an array or of encoded images.

  Encoded images are not decoded.
  """
  return x.take(rows) if isinstance(x, Images) else x[rows]


def decoded(x: Any) -> np.ndarray:
  """The array, or all images decoded."""
  return x[:] if isinstance(x, Images) else x


def resized(x: Any, side: int) -> Any:
  """Resize images [n, h, w, c].

  Encoded ones are not decoded.
  """
  if isinstance(x, Images):
    return x.resized(side)
  if x.shape[1:3] == (side, side):
    return x
  return np.stack([resize(image, side) for image in x])


def resize(image: np.ndarray, side: int) -> np.ndarray:
  """Resize one image to [side, side, c].

  The image is [h, w, c] uint8 or float32. Resizing is bilinear with antialiasing.
  """
  from PIL import Image

  def of(x: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(x).resize((side, side), Image.Resampling.BILINEAR))

  if image.dtype == np.uint8 and image.shape[-1] == 3:
    return of(image)
  # PIL has no mode for floats of several channels, nor for any number of channels.
  return np.stack([of(image[..., k]) for k in range(image.shape[-1])], axis=-1)


def contents(x: Any) -> Sequence[bytes] | Any:
  """Return what identifies each example.

  These are the stored bytes of encoded images, or the values of an array.
  """
  if isinstance(x, Images):
    return [x.encoded(i) for i in range(len(x))]
  return x
