"""Small segmentation domains: bright discs on grey, the target darker and of another tint."""

import functools

import numpy as np

from adapt.models.unet import unet

SIDE, CLASSES = 16, 3


def made(shift: float, n: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
  """Images [n, 16, 16, 3] uint8 and masks [n, 16, 16] uint8: ground 0, disc 1, its core 2; 255 a corner."""
  rng = np.random.default_rng(seed)
  rows, columns = np.mgrid[:SIDE, :SIDE]
  centre = rng.uniform(5, 11, (n, 2, 1, 1))
  apart = np.hypot(rows - centre[:, 0], columns - centre[:, 1])
  masks = (apart < 5).astype(np.uint8) + (apart < 2.5)
  colours = np.array([[70, 90, 110], [170, 130, 60], [60, 190, 160]])
  x = (1 - shift) * colours[masks] + 60 * shift * np.array([1.5, 0.2, 0.8])
  x = np.clip(x + rng.normal(0, 8, x.shape), 0, 255).astype(np.uint8)
  masks[:, :2, :2] = 255
  return x, masks


SOURCE, TARGET, TEST = made(0), made(0.3, seed=1), made(0.3, n=8, seed=2)
NET = functools.partial(unet, width=4, depth=1, norm="batch")
SMALL = {
  **{"steps": 30, "evaluations": 2, "batch_size": 8, "lr": 0.05, "optimizer": "adam"},
  **{"output": "pixels", "model": NET},
}
