"""bss against NumPy's singular values, and its step against the loss with the penalty written out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.tuning.bss import bss, spectral_tail

TRAINABLE = ["body", "norm", "head"]

ETA = 20.0


@pytest.mark.compares("NumPy's singular values, and slopes by differences")
@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_tail_and_its_slope_are_numpys(shape):
  f = np.random.default_rng(0).normal(size=shape)
  values = np.linalg.svd(f)[1]
  both = jax.jit(jax.value_and_grad(spectral_tail), static_argnums=1)
  value, slope = both(jnp.asarray(f, jnp.float32), 2)
  np.testing.assert_allclose(value, values[2] ** 2 + values[3] ** 2, rtol=1e-4)
  for place in [(0, 0), (3, 2), (1, 3)]:  # central differences in double precision
    near = [f.copy(), f.copy()]
    near[0][place] += 1e-4
    near[1][place] -= 1e-4
    up, down = (np.sum(np.linalg.svd(g)[1][-2:] ** 2) for g in near)
    np.testing.assert_allclose(slope[place], (up - down) / 2e-4, rtol=1e-3, atol=1e-4)


def test_dead_channels_give_no_slope_and_no_nan():
  f = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)), jnp.float32).at[:, 2:].set(0.0)
  np.testing.assert_allclose(jax.jit(jax.grad(spectral_tail), static_argnums=1)(f, 2), 0, atol=1e-6)


def penalised_loss(net, params, stats, batch, key):
  """fine_tune's loss and the penalty on its features, from scratch."""
  (features, logits), _ = net.apply(params, stats, batch.xl, True, key)
  label_loss = -jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(6), batch.yl])
  lowest = jnp.linalg.eigh(features.T @ features)[0][0]
  return label_loss + ETA * lowest


@pytest.mark.compares("a step of the loss with its penalty written out")
def test_one_step_is_that_of_the_penalised_loss(tiny, batch, states):
  [(start, _), (after, metrics)] = states(bss(eta=ETA), "fine_tune", tiny, batch, 1, 2)
  net, stats = start.params["net"], start.state["stats"]["inner"]
  key = jax.random.fold_in(start.key, 0)
  both = jax.jit(jax.value_and_grad(penalised_loss, argnums=1), static_argnums=0)
  loss, grads = both(tiny, net, stats, batch, key)
  np.testing.assert_allclose(metrics["loss"], loss, rtol=1e-4)
  assert metrics["penalty"] > 0.01
  # decay 0.3, the first step of Nesterov momentum 0.9, rate 0.1
  expected = jax.tree.map(lambda w, g: w - 0.1 * 1.9 * (g + 0.3 * w), net, grads)
  close = lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
  jax.tree.map(close, after.params["net"], expected)


def test_each_pass_that_moves_statistics_counts_once(tiny, batch):
  net = bss(eta=1.0).wrap(tiny, 0.0)
  params, stats = net.init(jax.random.key(0), batch.xs)
  total = 0.0
  for x in (batch.xs, batch.xt):
    (features, _), stats = net.apply(params, stats, x, True, None)
    total += np.linalg.svd(features)[1][-1] ** 2
    np.testing.assert_allclose(stats["penalty"], total, rtol=1e-4)
  assert net.apply(params, stats, x, False, None)[1]["penalty"] == stats["penalty"]


def test_k_must_be_positive():
  with pytest.raises(ValueError, match="at least 1"):
    bss(k=0)
