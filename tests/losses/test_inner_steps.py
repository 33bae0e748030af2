"""Steps within a loss: plain descent, and a scalar with a given gradient."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.losses import inner_steps


def test_descends_along_the_slope():
  found = inner_steps.descended({"a": jnp.ones(2)}, {"a": jnp.asarray([1.0, -2.0])}, 0.5)
  np.testing.assert_allclose(found["a"], [0.5, 2.0])


def test_the_scalar_has_the_value_and_the_gradient_and_no_other():
  params = {"a": jnp.asarray([3.0, 4.0]), "b": jnp.asarray(2.0)}

  def loss(params):
    # Neither the value's own gradient nor that of the direction counts.
    return inner_steps.with_gradient(
      params["a"].sum() ** 2, params, jax.tree.map(lambda p: 2 * p, params)
    )

  value, slope = jax.value_and_grad(loss)(params)
  assert value == 49
  jax.tree.map(lambda g, p: np.testing.assert_allclose(g, 2 * p), slope, params)
