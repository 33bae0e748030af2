"""Extracts and caches the features of a frozen backbone.

What stands above the backbone then trains in seconds.
"""

import hashlib
from pathlib import Path
from typing import Any

import jax
import numpy as np

from adapt import models
from adapt.data import builders, kept_arrays
from adapt.evaluation.metrics import blocks
from adapt.training.settings import Settings

_VERSION = 1  # of how features are made; another one does not read the old files


def extract(x: Any, settings: Settings, backbone: Any, weights: str, digest: bytes) -> np.ndarray:
  """Returns the backbone's features, from the cache or newly computed.

  Args:
    x: images [n, h, w, c] or token ids [n, l], at the size that the network sees.
    settings: model and precision are read.
    backbone: its published variables.
    weights: what tells them from others.
    digest: what tells x from other inputs.

  Returns:
    [n, d] float32.
  """
  file = _folder() / f"{_key(x, settings, weights, digest)}.npy"
  if (kept := kept_arrays.read(file, file.stem)) is not None:
    return kept
  _, apply = models.extractor(settings.model, settings.precision)
  run = jax.jit(apply)
  variables = jax.device_put(backbone)
  shown = blocks(x, None)
  parts = [jax.device_get(run(variables, block)) for block in shown.x]
  made = np.concatenate(parts)[: shown.examples].astype(np.float32)
  kept_arrays.keep(file, made)
  return made


def above(settings: Settings) -> Settings:
  """Returns the settings for training on cached backbone features."""
  return settings._replace(
    model="top",
    pretrained="",
    freeze="none",
    backbone_rate=1.0,
    image_size=0,
    cache_features=False,
  )


def _folder() -> Path:
  return builders.default_data_dir() / kept_arrays.FEATURES


def _key(x: Any, settings: Settings, weights: str, digest: bytes) -> str:
  parts = (_VERSION, settings.model, weights, settings.precision, x.shape, str(x.dtype))
  return hashlib.sha256(digest + repr(parts).encode()).hexdigest()[:32]
