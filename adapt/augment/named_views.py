"""Random views by name, from published tables or own files.

A file NAME.py in the folder `augment` of plug-ins defines NAME(*, hyper-parameters) -> Views. Images
reach it an eighth larger than the side that the network sees, as crops of 224 pixels are of 256.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax

from adapt import catalogue
from adapt.augment.random_views import (
  centre_crop,
  colour_jitter,
  flip,
  random_grey,
  random_resized_crop,
  resized,
)

_GROUP = "adapt.augment"


class Views(NamedTuple):
  """Function from image batches to views.

  Images are [b, h, w, c]. Views are [b, side, side, c] float32 in [-1, 1].
  """

  train: Callable[[jax.Array, jax.Array, int], jax.Array]  # (key, x, side)
  test: Callable[[jax.Array, int], jax.Array] = resized  # (x, side)


class View(NamedTuple):
  """How images are seen in training, and in evaluation."""

  scale: tuple[float, float] | None  # area of the random crop as a part; None: the centre
  jitter: float  # strength of the colour jitter
  grey: float  # probability of losing all colour
  whole: bool  # evaluate on the whole image, resized; else on its centre


# What the published tables were made with; all flip.
VIEWS = {
  "crop": View((0.08, 1.0), 0.0, 0.0, False),  # TLlib: Office-31, Office-Home, DomainNet
  "centre": View(None, 0.0, 0.0, False),  # TLlib: VisDA-2017
  "jitter": View((0.7, 1.0), 0.3, 0.1, True),  # DomainBed: PACS, VLCS, Office-Home, DomainNet
}


def names() -> tuple[str, ...]:
  """What `--augment` takes."""
  return tuple(dict.fromkeys(("none", *VIEWS, *catalogue.names(_GROUP))))


def get(name: str) -> Views:
  """Return the views of a name.

  ValueError lists the names for an unknown one.
  """
  if name in VIEWS and name not in catalogue.names(_GROUP):
    view = VIEWS[name]
    return Views(functools.partial(_random, view), resized if view.whole else centre_crop)
  made = catalogue.get(_GROUP, name, names())()
  if not isinstance(made, Views):
    raise ValueError(
      f"augmentation '{name}' makes a {type(made).__name__}: return Views in {name}.py"
    )
  return made


def source(name: str) -> Callable[..., Views] | None:
  """Return the function whose file is the user's own.

  It is None for the views of the tables.
  """
  return catalogue.get(_GROUP, name) if name in catalogue.names(_GROUP) else None


def _random(view: View, key: jax.Array, x: jax.Array, side: int) -> jax.Array:
  k_crop, k_flip, k_jitter, k_grey = jax.random.split(key, 4)
  if view.scale is None:
    x = centre_crop(x, side)
  else:
    x = random_resized_crop(k_crop, x, side, view.scale)
  x = flip(k_flip, x)
  if view.jitter:
    x = colour_jitter(k_jitter, x, view.jitter, view.jitter, view.jitter, view.jitter)
  return random_grey(k_grey, x, view.grey) if view.grey else x


def train_view(key: jax.Array, x: jax.Array, kind: str, side: int) -> jax.Array:
  """A random view of each image.

  Args:
    key: random key.
    x: [b, h, w, c] images; the crops of the literature take 224 of 256 pixels.
    kind: one of `names()`; "none" returns x as it is.
    side: height and width of the view, in pixels.

  Returns:
    [b, side, side, c] float32 in [-1, 1].

  Raises:
    ValueError: an unknown kind, inputs that are not images, or images smaller than a centre crop.
  """
  return x if kind == "none" else _of_images(kind, x).train(key, x, side)


def test_view(x: jax.Array, kind: str, side: int) -> jax.Array:
  """Evaluation view for a network trained with `train_view`.

  Both are of the same kind.

  Args:
    x: [b, h, w, c] images.
    kind: as in `train_view`; "jitter" resizes the whole image, "crop" and "centre" cut its centre out.
    side: height and width of the view, in pixels.

  Returns:
    [b, side, side, c] float32 in [-1, 1]; for "none" x as it is.

  Raises:
    ValueError: an unknown kind, inputs that are not images, or images smaller than a centre crop.
  """
  return x if kind == "none" else _of_images(kind, x).test(x, side)


def _of_images(kind: str, x: jax.Array) -> Views:
  views = get(kind)
  if x.ndim != 4:
    raise ValueError(f"augmentation {kind} needs images, the data are vectors: choose none")
  return views
