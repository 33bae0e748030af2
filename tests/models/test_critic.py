"""A critic without normalisation judges each example by itself; with it, beside the others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.models.critic import critic

X = jnp.asarray(np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32))


@pytest.mark.parametrize("normed", [True, False])
def test_examples_meet_only_in_the_normalisation(normed):
  network = critic(8, 1, normed=normed)
  params = network.init(jax.random.key(0), X)
  alone, among = network.apply(params, X[:4])[0], network.apply(params, X)[0]
  assert (abs(alone - among) > 1e-3) == normed
  assert any("BatchNorm" in name for name in params) == normed


@pytest.mark.parametrize(("width", "depth"), [(0, 1), (-1, 1), (8, -1), (8, 10**9), (10**9, 1)])
def test_sizes_that_no_network_has_are_refused(width, depth):
  with pytest.raises(ValueError, match=r"(width|depth) is .*: choose"):
    critic(width, depth)


def test_there_is_a_logit_for_each_domain():
  network = critic(8, 1, outputs=3)
  params = network.init(jax.random.key(0), X)
  assert network.apply(params, X).shape == (6, 3)
