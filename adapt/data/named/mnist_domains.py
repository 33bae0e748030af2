"""Rotated and coloured MNIST, DomainBed's domains for generalisation.

Gulrajani and Lopez-Paz (2021, arXiv:2007.01434), domainbed/datasets.py @ b93c22a: MNIST's 70,000 images in
one fixed random order, every sixth (every third) to a domain, so that no digit is in two of them.
Rotation is Ghifary et al.'s (2015, arXiv:1508.07680), colour Arjovsky et al.'s (2019, arXiv:1907.02893).
There each trial draws order, noise and split anew; here all are fixed draws. The test split is a fifth
of each domain, at random.
"""

import functools
import os
from collections.abc import Callable

import numpy as np

from adapt.data import files, prepared
from adapt.data.domain import Domain, Split
from adapt.data.named.digits import DIGITS

DataDir = str | os.PathLike | None

ANGLES = (0, 15, 30, 45, 60, 75)  # degrees, counter-clockwise
# By name: how often the colour is not that of the label.
COLOURS = {"plus90": 0.1, "plus80": 0.2, "minus90": 0.9}
NOISE = 0.25  # share of labels that are turned
_BELOW = 5  # digits below it are of the second class
_CLASSES = ("5 to 9", "0 to 4")


def _whole(data_dir: DataDir) -> tuple[np.ndarray, np.ndarray]:
  """All images [70000, 28, 28, 1] and labels in their fixed order."""
  return _ordered(None if data_dir is None else os.fspath(data_dir))


@functools.lru_cache(maxsize=1)
def _ordered(data_dir: str | None) -> tuple[np.ndarray, np.ndarray]:
  parts = [prepared.arrays("mnist_digits", split, data_dir) for split in ("train", "test")]
  x, y = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
  order = np.random.default_rng(0).permutation(len(y))
  return x[order], y[order].astype(np.int32)


def _domain(name: str, x: np.ndarray, y: np.ndarray, classes: tuple[str, ...]) -> Domain:
  train, test = files.holdout(len(x), round(len(x) / 5))
  return Domain(name, Split(x[train], y[train]), Split(x[test], y[test]), classes)


def rotated(i: int, data_dir: DataDir) -> Domain:
  """Every sixth image from the i-th on, rotated [28, 28, 1]."""
  x, y = (part[i :: len(ANGLES)] for part in _whole(data_dir))
  return _domain(f"rotated_mnist_{ANGLES[i]}", turned(x, ANGLES[i]), y, DIGITS)


def turned(x: np.ndarray, degrees: float) -> np.ndarray:
  """Rotates grey images about their middle, bilinear, black outside.

  The images are [n, h, w, 1] uint8.
  """
  from PIL import Image

  out = np.empty_like(x)
  for image, found in zip(x[..., 0], out[..., 0], strict=True):
    found[:] = Image.fromarray(image).rotate(degrees, Image.Resampling.BILINEAR)
  return out


def coloured(name: str, data_dir: DataDir) -> Domain:
  """Every third image, in the first or second channel [28, 28, 2].

  The class is whether the digit is below 5, wrong for a quarter; the channel is the class, wrong as
  often as the domain says.
  """
  i = list(COLOURS).index(name)
  x, y = (part[i :: len(COLOURS)] for part in _whole(data_dir))
  drawn = np.random.default_rng((0, i))
  labels = (y < _BELOW) ^ (drawn.random(len(y)) < NOISE)
  colours = labels ^ (drawn.random(len(y)) < COLOURS[name])
  both = x * np.stack([~colours, colours], axis=-1)[:, None, None, :]
  return _domain(f"colored_mnist_{name}", both, labels.astype(np.int32), _CLASSES)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  **{f"rotated_mnist_{a}": functools.partial(rotated, i) for i, a in enumerate(ANGLES)},
  **{f"colored_mnist_{name}": functools.partial(coloured, name) for name in COLOURS},
}
