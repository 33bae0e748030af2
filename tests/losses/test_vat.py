"""VAT's direction against H = JᵀFJ built entry by entry, and what the perturbation does."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt import models
from adapt.losses import ops
from adapt.losses.vat import direction, divergence, smoothness
from adapt.method import Net

NET = models.build("mlp", 3)
X = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))
PARAMS, STATS = NET.init(jax.random.key(0), X)
PARAMS = jax.tree.map(lambda p: 4 * p, PARAMS)  # predictions that are neither flat nor certain
KEYS = (jax.random.key(1), jax.random.key(2))


def logits_of(x):
  return NET.apply(PARAMS, STATS, x, True, None)[0][1]


def hessians():
  """H of each example, [b, d, d]."""
  one = jax.vmap(jax.jacobian(lambda x: logits_of(x[None])[0]))(X)  # [b, k, d]
  p = jax.nn.softmax(logits_of(X))
  fisher = jax.vmap(jnp.diag)(p) - p[:, :, None] * p[:, None, :]
  return np.asarray(jnp.einsum("bki,bkl,blj->bij", one, fisher, one), np.float64)


def test_direction_is_one_power_iteration_on_the_second_derivative():
  found = direction(NET, PARAMS, STATS, X, KEYS)
  start = np.asarray(jax.random.normal(KEYS[1], X.shape), np.float64)
  expected = np.einsum("bij,bj->bi", hessians(), start)
  expected /= np.linalg.norm(expected, axis=1, keepdims=True)
  np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_direction_is_the_limit_of_the_papers_difference_quotient():
  start = jax.random.normal(KEYS[1], X.shape)
  step = 1e-3 * start / ops.length(start)[:, None]  # with 1e-6 only rounding would be left
  quotient = jax.grad(lambda r: divergence(logits_of(X), logits_of(X + r)).sum())(step)
  quotient /= ops.length(quotient)[:, None]
  found = direction(NET, PARAMS, STATS, X, KEYS)
  np.testing.assert_allclose((found * quotient).sum(1), 1, atol=1e-2)


def test_the_second_derivative_is_that_of_the_divergence():
  x, step = X[:1], 1e-2
  r = jnp.asarray(np.random.default_rng(1).normal(size=(1, 4)).astype(np.float32))
  found = divergence(logits_of(x), logits_of(x + step * r))[0]
  h = hessians()[0]
  np.testing.assert_allclose(found, step**2 * (r @ h @ r.T)[0, 0] / 2, rtol=0.05)


def test_smoothness_is_the_divergence_that_far_in_that_direction_with_its_gradient():
  clean, radius = logits_of(X), 0.3
  towards = direction(NET, PARAMS, STATS, X, KEYS)

  def plain(params):
    moved = NET.apply(params, STATS, X + radius * towards, True, None)[0][1]
    p = jax.nn.softmax(clean)
    return (p * (jnp.log(p) - jnp.log(jax.nn.softmax(moved)))).sum(1)

  def ours(params):
    clean = NET.apply(params, STATS, X, True, None)[0][1]
    return smoothness(NET, params, STATS, X, clean, KEYS, radius=radius)

  np.testing.assert_allclose(ours(PARAMS), plain(PARAMS), rtol=1e-3, atol=1e-6)
  # Neither the clean prediction nor the direction is learned.
  gradients = (jax.grad(lambda p, f=f: f(p).sum())(PARAMS) for f in (ours, plain))
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5), *gradients)


def test_it_finds_rougher_directions_than_chance():
  found = smoothness(NET, PARAMS, STATS, X, logits_of(X), KEYS, radius=0.1)
  for seed in range(5):
    r = jax.random.normal(jax.random.key(seed), X.shape)
    r = r / ops.length(r)[:, None]
    assert divergence(logits_of(X), logits_of(X + 0.1 * r)).mean() < found.mean()


def test_a_constant_network_has_no_direction_and_no_roughness():
  flat = jax.tree.map(jnp.zeros_like, PARAMS)
  assert not direction(NET, flat, STATS, X, KEYS).any()
  loss, gradient = jax.value_and_grad(
    lambda p: smoothness(NET, p, STATS, X, jnp.zeros((6, 3)), KEYS, radius=1.0).sum()
  )(flat)
  assert loss == 0 and all(jnp.isfinite(g).all() for g in jax.tree.leaves(gradient))


def test_images_of_bytes_are_moved_as_floats():
  pictures = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 1), dtype=np.uint8)
  floats = jnp.asarray(pictures, jnp.float32) / 127.5 - 1
  clean = logits_of(floats)
  moved, same = (
    smoothness(NET, PARAMS, STATS, x, clean, KEYS, radius=0.5)
    for x in (jnp.asarray(pictures), floats)
  )
  assert moved.min() > 0
  np.testing.assert_array_equal(moved, same)


def test_the_clean_passs_dropout_mask_is_used_again():
  seen = []

  def apply(params, stats, x, train, key):
    seen.append(key)
    return NET.apply(params, stats, x, train, key)

  smoothness(Net(NET.init, apply), PARAMS, STATS, X, logits_of(X), KEYS, radius=0.5)
  assert seen == [KEYS[0]] * 2


def test_direction_passes_layers_that_know_no_forward_mode():
  @jax.custom_vjp
  def doubled(x):
    return 2 * x

  doubled.defvjp(lambda x: (2 * x, None), lambda _, slope: (2 * slope,))
  apply = lambda p, s, x, train, key: NET.apply(p, s, doubled(x), train, key)
  plain = lambda p, s, x, train, key: NET.apply(p, s, 2 * x, train, key)
  found, expected = (direction(Net(NET.init, f), PARAMS, STATS, X, KEYS) for f in (apply, plain))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
