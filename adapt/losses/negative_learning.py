"""Negative learning: what an example is not (Kim et al., 2019, ICCV)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def another(key: jax.Array, labels: Int[Array, " b"], classes: int) -> Int[Array, " b"]:
  """Draw a class other than each label, all equally likely."""
  return (labels + jax.random.randint(key, labels.shape, 1, classes)) % classes


def ruled_out(
  logits: Float[Array, "b k"], labels: Int[Array, " b"], least: float = 1e-5
) -> Float[Array, " b"]:
  """Return -log of the probability that the label is wrong.

  Args:
    logits: of the model.
    labels: that examples do not have.
    least: probability below which the loss is constant, and has no gradient.
  """
  p = jnp.take_along_axis(jax.nn.softmax(logits), labels[:, None], axis=1)[:, 0]
  return -jnp.log(jnp.maximum(1 - p, least))
