"""The network of DANN's reference code, and that the suite's step on it is that code's sixty updates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.method import Batch
from benchmarks.amazon_paper import SUITE

D, B = 12, SUITE.settings.batch_size


@pytest.fixture(scope="module")
def batch():
  rng = np.random.default_rng(0)
  x = rng.poisson(0.3, (2, B, D)).astype(np.float32)
  ones = jnp.ones(B)
  labels = jnp.asarray(rng.integers(0, 2, B), jnp.int32)
  return Batch(jnp.asarray(x[0]), labels, ones, ones[:, None], jnp.asarray(x[1]))


def test_it_starts_uniformly_within_glorots_bound():
  params, stats = models.build("mlp50", 2).init(jax.random.key(0), jnp.zeros((1, 5000)))
  assert not stats
  for name, (inputs, outputs) in {"hidden": (5000, 50), "head": (50, 2)}.items():
    kernel, bound = np.asarray(params[name]["kernel"]), np.sqrt(6 / (inputs + outputs))
    assert kernel.shape == (inputs, outputs) and not params[name]["bias"].any()
    assert 0.9 * bound < np.abs(kernel).max() <= bound
    assert kernel.std() == pytest.approx(bound / np.sqrt(3), rel=0.1)


def updates(net, critic, x, label, other, strength):
  """Algorithm 1 of Ganin et al. (2016) at one source and one target example, learning rate 1."""

  def sigmoid(z):
    return 1 / (1 + np.exp(-z))

  def hidden(example):
    return sigmoid(example @ net["hidden"]["kernel"] + net["hidden"]["bias"])

  w, d = critic["kernel"][:, 0], critic["bias"][0]
  h, h_other = hidden(x), hidden(other)
  logits = h @ net["head"]["kernel"] + net["head"]["bias"]
  p = np.exp(logits - logits.max())
  wrong = p / p.sum() - np.eye(2)[label]
  back = net["head"]["kernel"] @ wrong * h * (1 - h)
  here, there = sigmoid(h @ w + d), sigmoid(h_other @ w + d)
  # The critic climbs the log-likelihood of the domains, the hidden layer descends it.
  push = strength * (1 - here) * w * h * (1 - h)
  push_other = -strength * there * w * h_other * (1 - h_other)
  return {
    "hidden": -(np.outer(x, back + push) + np.outer(other, push_other)),
    "head": -np.outer(h, wrong),
    "critic": strength * ((1 - here) * h - there * h_other),
  }


def test_a_step_of_the_suite_is_sixty_updates_of_the_reference_code(batch):
  own, paper = dict(SUITE.defaults["dann"]), 0.1
  method = methods.get("dann")(models.build("mlp50", 2), **own, weight=2 * paper)
  params, state = method.init(jax.random.key(0), batch)
  key = jax.random.key(1)
  grads = jax.grad(lambda p: method.loss(p, state, batch, key, 0.5)[0])(params)
  ours = {name: grads["net"][name]["kernel"] for name in ("hidden", "head")}
  ours["critic"] = grads["critic"]["Dense_0"]["kernel"][:, 0]

  doubled = jax.tree.map(lambda v: np.asarray(v, np.float64), params)
  net, critic = doubled["net"], doubled["critic"]["Dense_0"]
  examples = zip(*(np.asarray(v) for v in (batch.xs, batch.ys, batch.xt)), strict=True)
  each = [updates(net, critic, *some, paper) for some in examples]
  for name, gradient in ours.items():
    moved = -SUITE.settings.lr * np.asarray(gradient)
    there = 0.001 * sum(u[name] for u in each)
    np.testing.assert_allclose(moved, there, rtol=1e-4, atol=1e-8)
