"""Measures of values (regression).

They are sums on the device, and exact ones of kept predictions.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from adapt.evaluation.class_measures import Measured


class ValueCounts(NamedTuple):
  """Additive sums over examples, from which R² and the squared error follow.

  All are of standardised labels, so that sums of float32 lose little.
  """

  examples: jax.Array  # [] with a label
  error: jax.Array  # [d] sum of squared errors
  label: jax.Array  # [d] sum of labels
  square: jax.Array  # [d] sum of squared labels
  outputs: jax.Array  # [] sum of all predictions, those without a label too

  @property
  def finite(self) -> jax.Array:
    """A sum that is finite where all predictions are."""
    return self.outputs


def count(outputs: Float[Array, "n d"], labels: Array, valid: Float[Array, " n"]) -> ValueCounts:
  """Sums over the predictions of one block.

  Args:
    outputs: predictions.
    labels: [n, d], NaN where unknown; any [n] where all are.
    valid: 1 for examples, 0 for padding.
  """
  if labels.ndim == 1:
    labels = jnp.full(outputs.shape, jnp.nan)
  known = jnp.isfinite(labels).all(axis=1) & (valid > 0)
  y = jnp.where(known[:, None], labels, 0.0)
  apart = jnp.where(known[:, None], outputs - y, 0.0)
  return ValueCounts(
    examples=known.sum().astype(jnp.float32),
    error=(apart**2).sum(axis=0),
    label=y.sum(axis=0),
    square=(y**2).sum(axis=0),
    outputs=jnp.where(valid[:, None] > 0, outputs, 0.0).sum(),
  )


def r2(counts: ValueCounts) -> np.ndarray:
  """R² of counts with leading axes [...], averaged over the numbers.

  The mean is over the d numbers; NaN where labels are constant.
  """
  n = np.maximum(np.asarray(counts.examples, np.float64), 1.0)[..., None]
  error, label, square = (
    np.asarray(v, np.float64) for v in (counts.error, counts.label, counts.square)
  )
  spread = square - label**2 / n
  with np.errstate(divide="ignore", invalid="ignore"):
    found = np.where(spread > 1e-6 * np.maximum(square, 1e-12), 1 - error / spread, np.nan)
  return np.asarray(found.mean(axis=-1))


def squared_error(counts: ValueCounts) -> float:
  """Mean squared error of standardised labels, over examples and the d numbers."""
  return float(np.mean(np.asarray(counts.error, np.float64)) / max(float(counts.examples), 1.0))


def of_predictions(
  predicted: Float[np.ndarray, "n d"],
  labels: Float[np.ndarray, "n d"],
  weights: Float[np.ndarray, " n"] | None = None,
) -> Measured:
  """R², MAE, RMSE and MAPE, averaged over the d numbers as scikit-learn's.

  R² is None where the labels do not vary, which leaves nothing to explain, and MAPE (a fraction) where
  one is 0, which nothing is a part of.

  Args:
    predicted: in the labels' unit.
    labels: NaN where unknown; such examples are left out.
    weights: of the examples; None: ones.
  """
  known = np.isfinite(labels).all(axis=1)
  w = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
  p, y, w = predicted[known].astype(np.float64), labels[known].astype(np.float64), w[known]
  if not w.sum():
    return {"r2": None, "mae": None, "rmse": None, "mape": None}
  apart = p - y
  error = np.average(apart**2, axis=0, weights=w)
  spread = np.average((y - np.average(y, axis=0, weights=w)) ** 2, axis=0, weights=w)
  constant = np.ptp(y, axis=0) == 0
  return {
    "r2": None if constant.any() else float(np.mean(1 - error / spread)),
    "mae": float(np.average(np.abs(apart), axis=0, weights=w).mean()),
    "rmse": float(np.sqrt(error).mean()),
    "mape": float(np.average(np.abs(apart / y), axis=0, weights=w).mean()) if y.all() else None,
  }
