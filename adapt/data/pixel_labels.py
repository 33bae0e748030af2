"""Labels of pixels (segmentation): masks of class numbers, one beside each image."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapt.data.domain import Domain

IGNORED = 255  # in a mask: a pixel that is not scored; numbers below 0 say the same
_MOST = 255  # classes


def masks(where: str, y: np.ndarray, x: Any) -> np.ndarray:
  """Check masks and convert them to [n, h, w] int32.

  They hold class numbers, and -1 where not scored.

  Args:
    where: what a message calls them.
    y: [n, h, w] or [n, h, w, 1] whole numbers; 255 and numbers below 0 are not scored.
    x: the images [n, h, w, c] beside them.

  Raises:
    ValueError: one line: no whole numbers, or another size than the images'.
  """
  if y.ndim == 4 and y.shape[-1] == 1:
    y = y[..., 0]
  if y.dtype.kind == "b":
    y = y.astype(np.uint8)
  if y.dtype.kind == "f" and np.isfinite(y).all() and (y == np.trunc(y)).all():
    y = y.astype(np.int64)
  if y.dtype.kind not in "ui":
    raise ValueError(
      f"{where} have dtype {y.dtype}: give masks of class numbers, whole and from 0 on"
    )
  if y.ndim != 3 or len(np.shape(x)) != 4 or y.shape != tuple(x.shape[:3]):
    raise ValueError(
      f"{where} have shape {list(y.shape)} for images of shape {list(np.shape(x))}: give a mask "
      "[h, w] of each image's own size"
    )
  return np.where((y == IGNORED) | (y < 0), -1, y.astype(np.int64)).astype(np.int32)


def numbered(ys: Sequence[np.ndarray | None]) -> tuple[str, ...]:
  """Names for classes of unnamed masks: numbers up to the largest."""
  most = max((int(y.max()) for y in ys if y is not None and y.size), default=-1)
  return tuple(map(str, range(max(most + 1, 2))))


def check(sources: Sequence[Domain], target: Domain) -> None:
  """Check masks: known in the sources, with matching sizes and classes.

  They are of the images' sizes.

  Raises:
    ValueError: one line with the remedy.
  """
  count = max(len(d.classes) for d in sources)
  if not 2 <= count <= _MOST:
    raise ValueError(
      f"the masks have {count} classes: give 2 to {_MOST}, 255 is for unscored pixels"
    )
  for domain in (*sources, target):
    for name, split in (("training", domain.train), ("test", domain.test)):
      where = f"the {name} set of {domain.name}"
      if split.y is None:
        if domain is not target:
          raise ValueError(f"{where} has no masks: add them")
        continue
      if split.y.ndim != 3 or split.y.shape[1:] != tuple(split.x.shape[1:3]):
        raise ValueError(
          f"{where} has labels of shape {list(split.y.shape)} for images of shape "
          f"{list(split.x.shape)}: give a mask [h, w] of each image's own size"
        )
      if (most := int(split.y.max())) >= count:
        raise ValueError(
          f"{where} has pixels of class {most}, and the source's classes are 0 to {count - 1}: number "
          f"classes as the source does, and pixels that are not to be scored {IGNORED}"
        )
      if domain is not target and most < 0:
        raise ValueError(f"{where} has no scored pixel: give masks of class numbers")
