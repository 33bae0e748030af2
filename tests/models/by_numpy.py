"""Layers in NumPy, float64, with published layouts: the other side of the parity tests."""

import numpy as np


def conv(x, weight, stride, pads, groups=1):
  """x [b, h, w, c], weight [out, in, h, w], pads ((top, bottom), (left, right))."""
  x = np.pad(x, ((0, 0), *pads, (0, 0)))
  windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(1, 2))
  windows = windows[:, ::stride, ::stride]  # [b, rows, columns, c, h, w]
  if groups == 1:
    return np.einsum("bijchw,ochw->bijo", windows, weight)
  assert groups == x.shape[-1] == len(weight)
  return np.einsum("bijchw,chw->bijc", windows, weight[:, 0])


def max_pool(x, size, stride, padding):
  x = np.pad(x, ((0, 0), *[(padding, padding)] * 2, (0, 0)), constant_values=-np.inf)
  windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
  return windows[:, ::stride, ::stride].max(axis=(-2, -1))


def batch_norm(x, state, name, eps):
  mean, var = state[f"{name}.running_mean"], state[f"{name}.running_var"]
  return (x - mean) / np.sqrt(var + eps) * state[f"{name}.weight"] + state[f"{name}.bias"]


def layer_norm(x, state, name, eps):
  mean, var = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
  return (x - mean) / np.sqrt(var + eps) * state[f"{name}.weight"] + state[f"{name}.bias"]


class Draws:
  """Builds a published state dict of random numbers, none of which is trivial."""

  def __init__(self, seed):
    self.random = np.random.default_rng(seed)
    self.state = {}

  def weight(self, name, *shape):
    scale = 1.5 / np.sqrt(np.prod(shape[1:]))
    self.state[name] = (scale * self.random.normal(size=shape)).astype(np.float32)

  def norm(self, name, channels, statistics=True):
    self.state[f"{name}.weight"] = self.random.uniform(0.5, 1.5, channels).astype(np.float32)
    self.state[f"{name}.bias"] = self.random.normal(size=channels).astype(np.float32)
    if statistics:
      self.state[f"{name}.running_mean"] = self.random.normal(size=channels).astype(np.float32)
      self.state[f"{name}.running_var"] = self.random.uniform(0.5, 2, channels).astype(np.float32)
      self.state[f"{name}.num_batches_tracked"] = np.asarray(7)

  def images(self, b, side):
    return self.random.uniform(-1, 1, (b, side, side, 3)).astype(np.float32)
