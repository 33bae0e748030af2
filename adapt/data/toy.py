"""Toy domains: rotated moons (Ganin et al., 2016, §5.1.1) and clouds.

Both lie at an angle.
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
