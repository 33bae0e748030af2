"""What every tuning promises: the same start, few trainable leaves, and frozen ones that stay."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax.traverse_util import flatten_dict

from adapt import tuning

BODY = {"conv/kernel", "conv/bias", "block/dense/kernel", "block/dense/bias"}
NORM = {"block/norm/scale", "block/norm/bias"}
HEAD = {"head/kernel", "head/bias"}
TRAINABLE = {
  "full": BODY | NORM | HEAD,
  "linear_probe": HEAD,
  "bitfit": HEAD | {"conv/bias", "block/dense/bias", "block/norm/bias"},
  "lora": HEAD
  | {f"lora/{layer}/kernel/{f}" for layer in ("conv", "block/dense") for f in ("a", "b")},
  "l2_sp": BODY | NORM | HEAD,
}
YS = jnp.array([0, 1, 1, 0, 1, 0])


@functools.partial(jax.jit, static_argnums=0)
def step(net, params, stats, x, key, rate=0.3):
  """One step of SGD on the cross-entropy."""

  def loss(p):
    (_, logits), new = net.apply(p, stats, x, True, key)
    return optax.softmax_cross_entropy_with_integer_labels(logits, YS).mean(), new

  grads, stats = jax.grad(loss, has_aux=True)(params)
  return jax.tree.map(lambda p, g: p - rate * g, params, grads), stats


def test_every_file_is_tested_here():
  assert set(tuning.names()) == set(TRAINABLE)


def test_an_unknown_name_lists_the_known_ones():
  with pytest.raises(ValueError, match="bitfit, full"):
    tuning.get("nothing")


@pytest.mark.parametrize("name", TRAINABLE)
def test_the_start_is_the_inner_networks(name, tiny, x):
  net, key = tuning.get(name)().wrap(tiny), jax.random.key(0)
  (features, logits), _ = net.apply(*net.init(key, x), x, False, None)
  (inner_features, inner_logits), _ = tiny.apply(*tiny.init(key, x), x, False, None)
  np.testing.assert_array_equal(logits, inner_logits)
  np.testing.assert_array_equal(features, inner_features)


@pytest.mark.parametrize("name", TRAINABLE)
def test_exactly_the_intended_leaves_move(name, tiny, x):
  net, key = tuning.get(name)().wrap(tiny), jax.random.key(0)
  params, stats = net.init(key, x)
  before = flatten_dict(params, sep="/")
  assert set(before) == TRAINABLE[name]
  # Two steps: in the first, LoRA's A gets no gradient through B = 0.
  after, new = step(net, *step(net, params, stats, x, key), x, key)
  for path, leaf in flatten_dict(after, sep="/").items():
    assert not np.array_equal(leaf, before[path]), path
  if name not in ("full", "l2_sp"):
    jax.tree.map(np.testing.assert_array_equal, new["frozen"], stats["frozen"])
  assert jax.tree.structure(new) == jax.tree.structure(stats)


@pytest.mark.parametrize("name", TRAINABLE)
def test_no_leaf_of_the_network_is_lost_or_doubled(name, tiny, x):
  net = tuning.get(name)().wrap(tiny)
  params, stats = net.init(jax.random.key(0), x)
  held = set(flatten_dict({k: v for k, v in params.items() if k != "lora"}, sep="/"))
  frozen = set(flatten_dict(stats.get("frozen", {}), sep="/"))
  assert held | frozen == BODY | NORM | HEAD
  assert not held & frozen


@pytest.mark.parametrize("name", TRAINABLE)
def test_vmapped_seeds_equal_single_ones(name, tiny, x):
  net = tuning.get(name)().wrap(tiny)

  def run(key):
    params, stats = net.init(key, x)
    params, stats = step(net, params, stats, x, key)
    return net.apply(params, stats, x, train=False, key=None)[0][1]

  keys = jax.random.split(jax.random.key(3), 3)
  together, alone = jax.jit(lambda k: (jax.vmap(run)(k), run(k[1])))(keys)
  np.testing.assert_allclose(together[1], alone, rtol=1e-4, atol=1e-5)
  assert not np.allclose(together[0], together[1])


def test_training_nothing_is_an_error(tiny, x):
  with pytest.raises(ValueError, match="another tuning"):
    tuning.only(tiny, lambda path: False).init(jax.random.key(0), x)
