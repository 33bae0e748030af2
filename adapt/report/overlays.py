"""Segmentation overlays: target test images with predicted and true classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapt.report.style import COLOURS, canvas, save
from adapt.report.summary import Record

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.figure import Figure

_STRONG = 0.6  # of a class's colour over the image
_NEUTRAL = 128  # grey of an image without values to show


def overlays(
  records: Sequence[Record], points: "Mapping[str, Mapping[str, np.ndarray]]", path: Path
) -> Path | None:
  """Writes `overlays_figure`; nothing where no record has pixels."""
  return save(overlays_figure(records, points), path, photographs=True)


def overlays_figure(
  shown: Sequence[Record], points: "Mapping[str, Mapping[str, np.ndarray]]"
) -> "Figure | None":
  """Draws each image with its predicted classes and its truth.

  An image a row: the image, what seed 0 of each record predicts, and the truth if it is known.

  Args:
    shown: records of one task.
    points: label → arrays `images`, `predicted` and maybe `truth`.
  """
  import matplotlib.patches

  known = [r for r in shown if "images" in points.get(r["label"], {})]
  if not known:
    return None
  first = points[known[0]["label"]]
  columns = [(r["label"], points[r["label"]]["predicted"]) for r in known]
  columns += [("truth", first["truth"])] if "truth" in first else []
  images = [_grey_to_colour(x) for x in first["images"]]
  height, width = images[0].shape[:2]
  size = 2.2 * (len(columns) + 1), 2.2 * len(images) * height / width + 0.9
  figure, axes = canvas(len(images), len(columns) + 1, size)
  for row, image in enumerate(images):
    parts = [("image", image), *((n, overlaid(image, masks[row])) for n, masks in columns)]
    for axis, (name, part) in zip(axes[row], parts, strict=True):
      axis.imshow(part)
      axis.set_axis_off()
      if not row:
        axis.set_title(name, fontsize=9)
  classes = known[0]["classes"]
  signs = [matplotlib.patches.Patch(color=_colour(k), label=n) for k, n in enumerate(classes)]
  figure.legend(handles=signs, loc="outside lower center", ncols=min(len(classes), 6), fontsize=8)
  return figure


def overlaid(image: "np.ndarray", mask: "np.ndarray") -> "np.ndarray":
  """An image [h, w, 3] uint8 coloured by a mask [h, w].

  Unscored pixels stay as they are.
  """
  import numpy as np
  from matplotlib.colors import to_rgb

  # Over grey: a colour looks the same wherever its class is.
  grey = np.repeat(image.astype(float).mean(axis=-1, keepdims=True), 3, axis=-1)
  found = np.where((mask >= 0)[..., None], grey, image)
  for k in np.unique(mask[mask >= 0]):
    colour = 255 * np.array(to_rgb(_colour(int(k))))
    found[mask == k] = (1 - _STRONG) * found[mask == k] + _STRONG * colour
  return found.round().astype(np.uint8)


def _colour(k: int) -> str:
  return COLOURS[k % len(COLOURS)]


def _grey_to_colour(x: "np.ndarray") -> "np.ndarray":
  """Any image as [h, w, 3] uint8; floats by their own range."""
  import numpy as np

  x = np.repeat(x, 3, axis=-1) if x.shape[-1] == 1 else x[..., :3]
  if x.dtype == np.uint8:
    return x
  low, high = float(x.min()), float(x.max())
  shown = (x - low) / (high - low) * 255 if high > low else np.full_like(x, _NEUTRAL)
  return shown.round().astype(np.uint8)
