"""AdaMatch equals its paper written by hand: mixed logits, aligned labels, a relative threshold."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand
import numpy as np
import pytest

from adapt.augment import weak_and_strong
from adapt.methods.adamatch import aligned

GOLDEN = {"label_loss": 0.580076, "loss": 0.5909022, "pseudo_loss": 0.4423978, "sure": 0.875}

WEIGHT, THRESHOLD, DECAY = 3.0, 1.2, 0.8


@pytest.fixture(autouse=True)
def _known_views(monkeypatch):
  monkeypatch.setattr(weak_and_strong, "weak", lambda key, x, *_: 1.2 * x)
  monkeypatch.setattr(weak_and_strong, "strong", lambda key, x, noise, *_: x - noise)


def test_one_step_equals_the_step_by_hand():
  # Without batch-norm both source passes agree, so the mixture drops out; see below for it.
  ts, step = by_hand.decided("adamatch", weight=WEIGHT, threshold=THRESHOLD, decay=DECAY, noise=0.7)
  batch, n = by_hand.batch(), by_hand.B
  xs, xt = (np.asarray(x) for x in (batch.xs, batch.xt))
  s_weak, s_strong, t_weak, t_strong = (
    by_hand.forward(ts.params["net"], x) for x in (1.2 * xs, xs - 0.7, 1.2 * xt, xt - 0.7)
  )
  ps, pt = by_hand.softmax(s_weak.l), by_hand.softmax(t_weak.l)
  shares = {name: DECAY / by_hand.K + (1 - DECAY) * p.mean(0) for name, p in (("s", ps), ("t", pt))}
  labels, sure = np.zeros(n, int), np.zeros(n)
  for i in range(n):
    row = pt[i] * shares["s"] / shares["t"]
    row /= row.sum()
    labels[i], sure[i] = row.argmax(), row.max() >= THRESHOLD * ps.max(1).mean()
  assert 0 < sure.sum() < n
  weak_loss, d_weak = by_hand.cross_entropy(s_weak.l, batch.ys, batch.ws)
  strong_loss, d_strong = by_hand.cross_entropy(s_strong.l, batch.ys, batch.ws)
  pseudo_loss, dt = by_hand.cross_entropy(t_strong.l, labels, sure)
  # Progress 0.4 is 0.8 of the way up the half cosine.
  strength = WEIGHT * (0.5 - np.cos(0.8 * np.pi) / 2) * sure.mean()
  grads = by_hand.added(
    by_hand.backward(s_weak, dl=d_weak / 2),
    by_hand.backward(s_strong, dl=d_strong / 2),
    by_hand.backward(t_strong, dl=strength * dt),
  )
  total = (weak_loss + strong_loss) / 2 + strength * pseudo_loss
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, {"net": grads}, total)
  np.testing.assert_allclose(after.state["shares"]["source"], shares["s"], rtol=1e-5)
  np.testing.assert_allclose(after.state["shares"]["target"], shares["t"], rtol=1e-5)


def test_the_mixture_is_per_logit_with_gradients_through_both_passes(monkeypatch):
  shares = np.random.default_rng(2).uniform(size=(2 * by_hand.B, by_hand.K))
  monkeypatch.setattr(jax.random, "uniform", lambda key, shape: jnp.asarray(shares.reshape(shape)))
  _, ts, step = normed_by_hand.started("adamatch", weight=0.0, noise=0.7)
  batch = by_hand.batch()
  source = np.concatenate([1.2 * batch.xs, batch.xs - 0.7])
  everything = np.concatenate([source, 1.2 * batch.xt, batch.xt - 0.7])
  ys, ws = np.tile(batch.ys, 2), np.tile(batch.ws, 2)

  def loss(params):
    together, _ = normed_by_hand.forward(params["net"], everything)
    alone, _ = normed_by_hand.forward(params["net"], source)
    mixed = (1 - shares) * together[: len(source)] + shares * alone
    return by_hand.cross_entropy(mixed, ys, ws)[0]

  after, metrics = step()
  grads = normed_by_hand.slopes(loss, ts.params)
  params = normed_by_hand.double(ts.params)
  by_hand.assert_step(ts, after, metrics, grads, loss(params))
  # The running statistics saw one pass only, that over everything.
  own = normed_by_hand.forward(params["net"], everything)[1]
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6),
    normed_by_hand.moved(ts.state["stats"], own),
    after.state["stats"],
  )


def test_aligned_predictions_have_the_wanted_shares_to_first_order():
  p = jnp.array([[0.6, 0.4], [0.6, 0.4]])
  np.testing.assert_allclose(aligned(p, jnp.array([0.6, 0.4]), jnp.array([0.6, 0.4])), p, rtol=1e-5)
  turned = aligned(p, jnp.array([0.3, 0.7]), jnp.array([0.6, 0.4]))
  np.testing.assert_allclose(turned, [[0.3, 0.7]] * 2, rtol=1e-4)
