"""Discrepancies between the domains of a batch, by loops over pairs of domains."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import between_domains

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 3)).astype(np.float32) + np.arange(9, dtype=np.float32)[:, None] / 9
WHERE = np.array([0, 2, 2, 0, 3, 3, 3, 0, 2])  # of four domains; the second is not there
DOMAINS = np.eye(4, dtype=np.float32)[WHERE]


def parts(x, where):
  return [x[where == d].astype(np.float64) for d in sorted(set(where))]


def coral(a, b):
  means = ((a.mean(0) - b.mean(0)) ** 2).mean()
  return means + ((np.cov(a.T) - np.cov(b.T)) ** 2).mean()


def mmd(a, b):
  def kernel(u, v):
    distances = ((u[:, None] - v) ** 2).sum(-1)
    return sum(np.exp(-(10.0**e) * distances) for e in range(-3, 4)).mean()

  return kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)


@pytest.mark.parametrize("name", ["coral", "mmd"])
def test_is_the_mean_over_pairs_of_domains(name):
  own = {"coral": coral, "mmd": mmd}[name]
  pairs = itertools.combinations(parts(X, WHERE), 2)
  found = getattr(between_domains, name)(jnp.asarray(X), jnp.asarray(DOMAINS))
  np.testing.assert_allclose(found, np.mean([own(*pair) for pair in pairs]), rtol=1e-5)


@pytest.mark.parametrize("name", ["coral", "mmd"])
def test_one_domain_has_nothing_to_be_compared_with(name):
  loss = getattr(between_domains, name)
  value, slope = jax.value_and_grad(loss)(jnp.asarray(X), jnp.eye(4)[jnp.ones(9, int)])
  assert value == 0 and not slope.any()


def test_a_domain_of_one_example_has_a_mean_and_no_covariance():
  where = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2])
  found = between_domains.coral(jnp.asarray(X), jnp.asarray(np.eye(3, dtype=np.float32)[where]))
  a, b, c = parts(X, where)
  means = [((u.mean(0) - v.mean(0)) ** 2).mean() for u, v in ((a, b), (a, c), (b, c))]
  covariances = ((np.cov(a.T) - np.cov(b.T)) ** 2).mean()
  np.testing.assert_allclose(found, np.mean(means) + covariances, rtol=1e-5)


def test_a_critic_that_knows_nothing_loses_log_s_however_examples_count():
  weights = jnp.asarray(RNG.uniform(0.1, 2, 9), jnp.float32)
  found = between_domains.told_apart(jnp.zeros((9, 4)), jnp.asarray(DOMAINS), weights)
  np.testing.assert_allclose(found, np.log(4), rtol=1e-6)


def test_each_class_counts_alike():
  ys = jnp.asarray([0, 2, 2, 2, 0, 2])
  weights = between_domains.class_balance(ys, 4)
  np.testing.assert_allclose(weights, [1 / 2, 1 / 4, 1 / 4, 1 / 4, 1 / 2, 1 / 4])
