"""Toy domains of classes, values, pixels and several labels.

Rotated moons are after Ganin et al. (2016), §5.1.1.
"""

import numpy as np

from adapt.data.domain import Domain, Split


def moons(n: int, degrees: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Two interleaved half circles [n, 2], rotated about their centre."""
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 2).astype(np.int32)
  angle = rng.uniform(0, np.pi, n)
  upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
  lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
  x = np.where(y[:, None] == 0, upper, lower) - [0.5, 0.25] + rng.normal(0, 0.08, (n, 2))
  turn = np.deg2rad(degrees)
  x = x @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
  return (2 * x).astype(np.float32), y


def blobs(n: int, degrees: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Eight clouds [n, 8], one along each axis.

  Axis c is turned towards axis c + 4, and that away from c.
  """
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 8).astype(np.int32)
  x = 2.5 * np.eye(8)[y] + rng.normal(0, 0.3, (n, 8))
  turn = np.deg2rad(degrees)
  other = np.roll(np.eye(8), 4, axis=1) * np.repeat([1, -1], 4)[:, None]
  return (x @ (np.cos(turn) * np.eye(8) + np.sin(turn) * other)).astype(np.float32), y


def moons_domain(name: str, degrees: float) -> Domain:
  """Rotated moons with 320 training and 400 test points."""
  seed = sum(map(ord, name))
  train, test = moons(320, degrees, seed), moons(400, degrees, seed + 1)
  return Domain(name, Split(*train), Split(*test), ("upper", "lower"))


def blobs_domain(name: str, degrees: float, seed: int) -> Domain:
  """Eight rotated clouds: 640 training and 400 test points."""
  train, test = (Split(*blobs(n, degrees, n + seed)) for n in (640, 400))
  return Domain(name, train, test, tuple("abcdefgh"))


def named(name: str) -> Domain:
  """Return a toy domain by name.

  Names: moons, turned, tilted, blobs and moved.
  """
  if name in ("blobs", "moved"):
    return blobs_domain(name, *((0, 0) if name == "blobs" else (40, 1)))
  return moons_domain(name, {"moons": 0, "turned": 35, "tilted": -25}[name])


def waves(n: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Inputs [n, 4], and a number [n, 1] that waves over them.

  It is far from 0, about 300.
  """
  rng = np.random.default_rng(seed)
  x = rng.normal(shift, 1.0, (n, 4))
  y = 300 + 20 * (x[:, :1] - x[:, 1:2] + np.sin(2 * x[:, 2:3])) + rng.normal(0, 2, (n, 1))
  return x.astype(np.float32), y.astype(np.float32)


def waves_named(name: str) -> Domain:
  """Return a toy domain of values: waves, ripples or swell."""
  shift = {"waves": 0.0, "ripples": 0.2, "swell": 0.4}[name]
  train, test = waves(320, shift, len(name)), waves(400, shift, 100 + len(name))
  return Domain(name, Split(*train), Split(*test), (), "vector")


def signs(n: int, shift: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Inputs [n, 4], and three labels [n, 3]: signs of sums.

  One label in twenty is not known (-1). The shift moves inputs, and their labels with them.
  """
  rng = np.random.default_rng(seed)
  x = rng.normal(0, 1.0, (n, 4))
  sums = np.stack([x[:, 0] + x[:, 1], x[:, 1] - x[:, 2], x[:, 3] + np.sin(2 * x[:, 2])], axis=1)
  y = np.where(rng.random(sums.shape) < 0.05, -1, sums > 0)
  return (x + shift).astype(np.float32), y.astype(np.int32)


def signs_named(name: str) -> Domain:
  """Return a toy domain of labels: signs, near_signs or far_signs."""
  shift = {"signs": 0.0, "near_signs": 0.3, "far_signs": 0.6}[name]
  train, test = signs(320, shift, len(name)), signs(400, shift, 100 + len(name))
  return Domain(name, Split(*train), Split(*test), ("sum", "difference", "wave"), "vector")


def discs(shift: float, n: int, seed: int, side: int = 16) -> tuple[np.ndarray, np.ndarray]:
  """Images of a disc on grey, and their masks.

  Images are [n, side, side, 3] uint8, masks [n, side, side] uint8. Ground is 0, the disc 1, its core 2,
  and a corner is not scored (255). The shift, 0 to 1, makes the picture darker and tints it.
  """
  rng = np.random.default_rng(seed)
  rows, columns = np.mgrid[:side, :side]
  centre = rng.uniform(5, side - 5, (n, 2, 1, 1))
  apart = np.hypot(rows - centre[:, 0], columns - centre[:, 1])
  masks = (apart < 5).astype(np.uint8) + (apart < 2.5)
  colours = np.array([[70, 90, 110], [170, 130, 60], [60, 190, 160]])
  x = (1 - shift) * colours[masks] + 60 * shift * np.array([1.5, 0.2, 0.8])
  x = np.clip(x + rng.normal(0, 8, x.shape), 0, 255).astype(np.uint8)
  masks[:, :2, :2] = 255
  return x, masks


def discs_named(name: str) -> Domain:
  """Return a toy domain of pixels: discs, dull_discs or tinted_discs."""
  shift = {"discs": 0.0, "dull_discs": 0.15, "tinted_discs": 0.3}[name]

  def split(n: int) -> Split:
    x, masks = discs(shift, n, n + len(name))
    return Split(x, np.where(masks == 255, -1, masks.astype(np.int32)).astype(np.int32))

  return Domain(name, split(64), split(32), ("ground", "disc", "core"), "image")
