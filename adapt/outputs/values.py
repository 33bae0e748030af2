"""Values: numbers to be predicted (regression), standardised by the source's training labels."""

import jax
import jax.numpy as jnp
import optax

from adapt.method import Output
from adapt.outputs._measure import Measure

MEASURES = (
  Measure("r2", "R²", percent=False),
  Measure("mae", "MAE", percent=False, lower=True),
  Measure("rmse", "RMSE", percent=False, lower=True),
  Measure("mape", "MAPE (mean absolute error as a share of the value)", lower=True),
)
LOSSES = ("squared", "absolute", "huber")


def values(*, loss: str = "squared", delta: float = 1.0) -> Output:
  """One or several numbers per example; the loss averages over them.

  Labels are standardised by mean and deviation of the source's training labels; predictions are in the
  labels' own unit.

  Args:
    loss: squared, absolute or huber (Huber, 1964), which is squared up to `delta` and linear beyond.
    delta: of huber, in standard deviations of the source's labels.
  """
  if loss not in LOSSES:
    raise ValueError(f"loss is '{loss}': choose {', '.join(LOSSES[:-1])} or {LOSSES[-1]}")
  if delta <= 0:
    raise ValueError(f"delta is {delta}: give a number above 0")

  def each(outputs: jax.Array, labels: jax.Array) -> jax.Array:
    if loss == "huber":
      return optax.losses.huber_loss(outputs, labels, delta=delta)
    apart = outputs - labels
    return apart**2 if loss == "squared" else jnp.abs(apart)

  return Output("values", lambda outputs, labels: each(outputs, labels).mean(axis=-1))
