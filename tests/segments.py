"""Small segmentation domains: bright discs on grey, the target darker and of another tint."""

import functools

import numpy as np

from adapt.data.toy import discs
from adapt.models.unet import unet


def made(shift: float, n: int = 24, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
  """Images [n, 16, 16, 3] and masks [n, 16, 16]."""
  return discs(shift, n, seed)


SOURCE, TARGET, TEST = made(0), made(0.3, seed=1), made(0.3, n=8, seed=2)
NET = functools.partial(unet, width=4, depth=1, norm="batch")
SMALL = {
  **{"steps": 30, "evaluations": 2, "batch_size": 8, "lr": 0.05, "optimizer": "adam"},
  **{"output": "pixels", "model": NET},
}
