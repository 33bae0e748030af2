"""CoWA equals its code written by hand: Gaussians fitted twice, scores of two opinions, mixtures."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import multivariate_normal

from adapt import methods, models
from adapt.methods import cowa

# In the tests of layouts covariances are far from singular, as rounding turns the best of others.
TOY = {"margin": 0.1, "layouts": {"floor": 0.001}}
GOLDEN = {"loss": 0.1893916, "pseudo_loss": 0.1893916, "score": 0.3301292}

rng = np.random.default_rng(3)


def fitted(f, parts, spread, floor):
  """Log posteriors of one Gaussian for each class, by SciPy."""
  found = []
  for part, weights in zip(parts.T, spread.T, strict=True):
    mean = part @ f / part.sum()
    covariance = sum(w * np.outer(x - mean, x - mean) for x, w in zip(f, weights, strict=True))
    covariance = covariance / weights.sum() + floor * np.eye(f.shape[1])
    found.append(np.log(part.sum()) + multivariate_normal(mean, covariance).logpdf(f))
  return log_softmax(np.transpose(found), axis=1)


def scored_by_hand(f, p, floor):
  first = np.exp(fitted(f, p, np.ones_like(p), floor))
  second = fitted(f, first, first, floor)
  labels, ordered = second.argmax(1), np.sort(second, axis=1)
  gap = ordered[:, -1] - ordered[:, -2]
  return labels, gap / gap.max() * p[np.arange(len(p)), labels], first


def planted():
  """Unit features of three classes of different spread, and predictions that are often wrong."""
  y = rng.integers(0, 3, 90)
  f = rng.normal(size=(90, 5)) * np.array([0.3, 0.6, 1.2])[y][:, None] + 2 * np.eye(5)[y]
  p = by_hand.softmax(rng.normal(size=(90, 3)) + np.eye(3)[y])
  return f / np.linalg.norm(f, axis=1, keepdims=True), p


def test_labels_and_scores_equal_those_by_hand():
  f, p = planted()
  labels, scores, first = scored_by_hand(f, p, 0.001)
  found, own = cowa.scored(*map(jnp.float32, (f, p)), 0.001)
  np.testing.assert_array_equal(found, labels)
  np.testing.assert_allclose(own, scores, rtol=1e-3, atol=1e-5)
  assert (labels != p.argmax(1)).any() and (labels != first.argmax(1)).any()


def test_a_covariance_without_a_factor_gets_a_larger_floor():
  f = jnp.repeat(jnp.eye(3, 40), 20, axis=0)  # 3 points in 40 directions
  p = jnp.repeat(jnp.eye(3) * 0.8 + 0.1, 20, axis=0)
  labels, scores = cowa.scored(f, p, 0.0)
  assert np.isfinite(scores).all() and labels.tolist() == [0] * 20 + [1] * 20 + [2] * 20


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("cowa", weight=2.0, alpha=0.8)
  rows = jnp.asarray([5, 9, 0, 11, 3, 7, 2, 8])
  batch = by_hand.batch()._replace(it=rows)
  labels, scores = rng.integers(0, by_hand.K, 12), rng.uniform(size=12)
  kept = {"labels": jnp.asarray(labels, jnp.int32), "scores": jnp.asarray(scores, jnp.float32)}
  ts = ts._replace(state={**ts.state, **kept})
  _, k_share, k_pair = jax.random.split(jax.random.fold_in(ts.key, ts.step), 3)
  share = np.asarray(jax.random.beta(k_share, 0.8, 0.8, (by_hand.B,)), np.float64)
  other = np.asarray(jax.random.permutation(k_pair, by_hand.B))
  x, y, score = np.asarray(batch.xt, np.float64), labels[rows], scores[rows]
  out = by_hand.forward(ts.params["net"], share[:, None] * x + (1 - share[:, None]) * x[other])
  p, loss, dl = by_hand.softmax(out.l), 0.0, np.zeros_like(out.l)
  for i, j in enumerate(other):
    counts = 2 * (share[i] * score[i] + (1 - share[i]) * score[j]) / by_hand.B
    for part, label in ((share[i], y[i]), (1 - share[i], y[j])):
      loss -= counts * part * np.log(p[i, label])
      dl[i] += counts * part * (p[i] - np.eye(by_hand.K)[label])
  after, metrics = step(ts, batch)
  by_hand.assert_step(ts, after, metrics, {"net": by_hand.backward(out, dl=dl)}, loss)
  np.testing.assert_array_equal(after.state["labels"], labels)


def test_a_refresh_labels_the_whole_target_from_unit_features():
  ts, _ = by_hand.decided("cowa", floor=0.01)
  method = methods.get("cowa")(models.build("mlp", by_hand.K), floor=0.01)
  xt = jnp.asarray(rng.normal(size=(40, by_hand.D)), jnp.float32)
  state = method.refresh(ts.params, ts.state, None, None, xt)  # without any source
  out = by_hand.forward(ts.params["net"], xt)
  f, p = out.f / np.linalg.norm(out.f, axis=1, keepdims=True), by_hand.softmax(out.l)
  labels, scores, _ = scored_by_hand(f, p, 0.01)
  np.testing.assert_array_equal(state["labels"], labels)
  np.testing.assert_allclose(state["scores"], scores, rtol=0.01, atol=1e-3)
  assert method.refreshes == 15


def test_without_a_refresh_nothing_is_learnt():
  _, step = by_hand.decided("cowa")
  assert step()[1]["loss"] == 0


def test_tokens_and_a_share_that_is_none_are_refused():
  net = models.build("mlp", by_hand.K)
  tokens = by_hand.batch()._replace(xt=jnp.zeros((by_hand.B, 3), jnp.int32))
  with pytest.raises(ValueError, match="tokens"):
    methods.get("cowa")(net).init(jax.random.key(0), tokens)
  with pytest.raises(ValueError, match="above 0"):
    methods.get("cowa")(net, alpha=0.0)
