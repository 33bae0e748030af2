"""Batch norms of published networks: whose statistics normalise, and when they move."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.models._norm import batch_norm

X = jnp.array([[1.0], [3.0], [8.0]])


@pytest.mark.parametrize(("train", "frozen"), [(True, False), (True, True), (False, False)])
def test_the_batch_s_own_statistics_in_training_unless_frozen(train, frozen):
  network = SimpleNamespace(dtype=jnp.float32, axis=None, frozen_norm=frozen)
  norm = batch_norm(network, train, momentum=0.75, epsilon=0.5)()
  variables = {
    "params": {"scale": jnp.ones(1), "bias": jnp.zeros(1)},
    "batch_stats": {"mean": jnp.full(1, 2.0), "var": jnp.full(1, 4.0)},
  }
  y, moved = norm.apply(variables, X, mutable=["batch_stats"])
  own = train and not frozen
  mean, var = (4.0, 26 / 3) if own else (2.0, 4.0)
  np.testing.assert_allclose(y, (X - mean) / np.sqrt(var + 0.5), rtol=1e-5)
  expected = (0.75 * 2 + 0.25 * mean, 0.75 * 4 + 0.25 * var) if own else (2.0, 4.0)
  found = [moved["batch_stats"][name][0] for name in ("mean", "var")]
  np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_statistics_are_those_of_all_devices():
  network = SimpleNamespace(dtype=jnp.float32, axis="devices", frozen_norm=False)
  norm = batch_norm(network, True, momentum=0.9, epsilon=0.0)()

  def one(x):
    variables = norm.init(jax.random.key(0), x)
    return norm.apply(variables, x, mutable=["batch_stats"])[0]

  y = jax.vmap(one, axis_name="devices")(X[:, None])  # three devices of one example
  np.testing.assert_allclose(y[:, 0], (X - 4.0) / np.sqrt(26 / 3), rtol=1e-5)
