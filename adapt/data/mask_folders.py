"""Read a folder of images and masks (segmentation) as a domain."""

import os
from pathlib import Path

import numpy as np

from adapt.data import folders, images, pixel_labels
from adapt.data.domain import Domain, Split
from adapt.data.splits import stratified

_IMAGES, _MASKS, _NAMES = "images", "masks", "classes.txt"
_REMEDY = "save it again, or leave it out"


def read_folder(folder: str | os.PathLike) -> Domain:
  """Read a domain of images with a mask each.

  Masks are PNG files of class numbers.

  Args:
    folder: holds `images/` and `masks/`, or `train/` and `test/` with these; a mask has the name of its
      image, and 255 where a pixel is not scored. Without `masks/` it is a target whose labels are
      unknown. Without `test/` a fixed fifth is the test split. `classes.txt`, if it is there, names the
      classes, a line each; else they are called by their numbers.

  Raises:
    ValueError: one line that names the file: no image, a mask that is missing, of another size than its
      image, in colour or of a class that there is not, or images of several sizes.
  """
  folder = Path(folder)
  named = _class_names(folder / _NAMES)
  if (folder / "train" / _IMAGES).is_dir():
    if not (folder / "test" / _IMAGES).is_dir():
      raise ValueError(f"{folder} has train/images and no test/images: add them")
    train, test = (_part(folder / name, len(named)) for name in ("train", "test"))
  else:
    whole = _part(folder, len(named))
    rows = stratified(np.zeros(len(whole.x)))
    train, test = (Split(whole.x[at], None if whole.y is None else whole.y[at]) for at in rows)
  classes = named or pixel_labels.numbered([train.y, test.y])
  cut = not (folder / "test").is_dir()
  return Domain(folder.resolve().name, train, test, classes, "image", held_out=cut)


def is_one(folder: Path) -> bool:
  """Whether a folder is laid out so."""
  return (folder / _IMAGES).is_dir() or (folder / "train" / _IMAGES).is_dir()


def _class_names(file: Path) -> tuple[str, ...]:
  if not file.is_file():
    return ()
  return tuple(line.strip() for line in file.read_text("utf-8").splitlines() if line.strip())


def _part(folder: Path, count: int) -> Split:
  files = sorted(f for f in (folder / _IMAGES).glob("*") if f.suffix.lower() in folders.SUFFIXES)
  if not files:
    raise ValueError(f"{folder / _IMAGES} has no image: give {folders.KNOWN}")
  xs = [_image(file) for file in files]
  for file, x in zip(files, xs, strict=True):
    if x.shape != xs[0].shape:
      raise ValueError(
        f"{file} has {_size(x)} pixels, and {files[0].name} {_size(xs[0])}: bring all images and masks "
        "to one size"
      )
  masks = folder / _MASKS
  if not masks.is_dir():
    return Split(np.stack(xs), None)
  ys = [_mask(masks / f"{f.stem}.png", f, x, count) for f, x in zip(files, xs, strict=True)]
  x = np.stack(xs)
  return Split(x, pixel_labels.masks(f"the masks of {masks}", np.stack(ys), x))


def _image(file: Path) -> np.ndarray:
  with images.opened(file.read_bytes(), str(file), _REMEDY) as image:
    return np.asarray(images.upright(image).convert("RGB"), np.uint8)


def _mask(file: Path, beside: Path, x: np.ndarray, count: int) -> np.ndarray:
  if not file.is_file():
    raise ValueError(f"{file} is missing: each image has a mask of its name, and {beside} is there")
  with images.opened(file.read_bytes(), str(file), _REMEDY) as image:
    y, mode = np.asarray(image), image.mode
  if mode not in ("1", "L", "P"):
    raise ValueError(
      f"{file} is a picture of mode {mode}: save class numbers as 8-bit grey or palette"
    )
  y = y.astype(np.uint8)
  if y.shape != x.shape[:2]:
    raise ValueError(
      f"{file} has {_size(y)} pixels, and its image {_size(x)}: give a mask of its image's size"
    )
  scored = y[y != pixel_labels.IGNORED]
  if count and scored.size and scored.max() >= count:
    raise ValueError(
      f"{file} has pixels of class {scored.max()}, and {_NAMES} names {count}: number them 0 to "
      f"{count - 1}, and {pixel_labels.IGNORED} where not scored"
    )
  return y


def _size(x: np.ndarray) -> str:
  return f"{x.shape[1]}×{x.shape[0]}"
