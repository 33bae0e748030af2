"""Marginalised stacked denoising autoencoder (Chen, Xu, Weinberger & Sha, ICML 2012, arXiv:1206.4683)."""

from collections.abc import Callable

import numpy as np

from adapt.data.domain import Domain, Split

_ETA = 1e-5  # keeps features that never occur from making the system singular
_ROWS = 1000  # of a block that is encoded


def encoder(
  x: np.ndarray, noise: float = 0.5, layers: int = 5
) -> Callable[[np.ndarray], np.ndarray]:
  """Learns the features from inputs alone, in closed form.

  Each layer is the linear map that best rebuilds its input from a corrupted copy of it, in which
  each feature is 0 with probability `noise`, in expectation over the corruption (equations 3 to 6):
  W = E[P] E[Q]⁻¹. Its output is tanh(W [x, 1]), the next layer's input.

  Takes O(layers · (n d² + d³)) time; for d = 5000 and five layers about a minute on two CPU cores.

  Args:
    x: inputs [n, d], source and target together.
    noise: probability of a feature to be dropped, at least 0 and below 1.
    layers: how many are stacked.

  Returns:
    A function [m, d] → [m, (1 + layers) · d] float32: the inputs, then every layer's output.

  Raises:
    ValueError: noise or layers out of range.
  """
  if not 0 <= noise < 1 or layers < 1:
    raise ValueError(f"noise {noise}, layers {layers}: choose 0 ≤ noise < 1 and at least a layer")
  maps = []
  hidden = x.astype(np.float64)
  for _ in range(layers):
    maps.append(_layer(hidden, noise))
    hidden = _through(maps[-1], hidden)

  def encode(x: np.ndarray) -> np.ndarray:
    blocks = [_stacked(maps, x[i : i + _ROWS]) for i in range(0, len(x), _ROWS)]
    return np.concatenate(blocks)

  return encode


def encoded(source: Domain, target: Domain, noise: float = 0.5, layers: int = 5) -> list[Domain]:
  """Both domains with features learnt from their training inputs.

  No label is read. Their names say so, and with whom: in another pair a domain's features are
  others.
  """
  encode = encoder(np.concatenate([source.train.x, target.train.x]), noise, layers)

  def of(split: Split) -> Split:
    return Split(encode(np.asarray(split.x)), split.y)

  names = [f"{d.name}_msda_with_{o.name}" for d, o in ((source, target), (target, source))]
  both = zip(names, (source, target), strict=True)
  return [
    d._replace(name=name, train=of(d.train), test=of(d.test), features=()) for name, d in both
  ]


def _layer(x: np.ndarray, noise: float) -> np.ndarray:
  """W [d, d + 1] of inputs x [n, d]."""
  from scipy.linalg import solve

  x = np.hstack([x, np.ones((len(x), 1))])
  scatter = x.T @ x  # [d + 1, d + 1]
  kept = np.full(len(scatter), 1 - noise)
  kept[-1] = 1  # the constant is not corrupted
  corrupted = scatter * np.outer(kept, kept)
  np.fill_diagonal(corrupted, kept * np.diag(scatter))
  corrupted[np.diag_indices(len(scatter) - 1)] += _ETA
  return np.asarray(solve(corrupted, (scatter[:-1] * kept).T, assume_a="pos").T)


def _through(w: np.ndarray, x: np.ndarray) -> np.ndarray:
  return np.asarray(np.tanh(x @ w[:, :-1].T + w[:, -1]))


def _stacked(maps: list[np.ndarray], x: np.ndarray) -> np.ndarray:
  outputs = [x.astype(np.float64)]
  for w in maps:
    outputs.append(_through(w, outputs[-1]))
  return np.hstack(outputs).astype(np.float32)
