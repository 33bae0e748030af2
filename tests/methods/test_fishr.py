"""Fishr equals the pooled risk and the domains' gradient variances written by hand."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest
import spurious
from test_assoc import numerical

TOY = {"given": {"weight": 1.0}}
GOLDEN = {"label_loss": 0.5087636, "loss": 0.5087636, "penalty": 0.002663682}
D, K = by_hand.D, by_hand.K


def penalty(f, logits, batch, old, decay):
  """(mean squared distance of moving variances, the averages) by loops over examples and domains."""
  p, y, w = by_hand.softmax(logits), np.asarray(batch.ys), np.asarray(batch.ws, np.float64)
  slope = p - np.eye(K)[y]
  grads = np.stack([np.append(np.outer(f[i], slope[i]), slope[i]) for i in range(len(f))])
  moved = decay * old / (1 - decay)
  there = []
  for d, column in enumerate(np.asarray(batch.ds).T):
    rows = column > 0
    if rows.any():
      share = w[rows] / w[rows].sum()
      moved[d] += share @ (grads[rows] - share @ grads[rows]) ** 2
      there.append(d)
    else:
      moved[d] = old[d] / (1 - decay)
  found = moved[there]
  return np.mean((found - found.mean(0)) ** 2), moved * (1 - decay)


@pytest.mark.parametrize(("progress", "on"), [(3, 0.0), (4, 1.0)])
def test_one_step_equals_the_step_by_hand(progress, on):
  ts, step = by_hand.start("fishr", weight=30.0, decay=0.8, share=0.4)
  shape = ts.state["variances"].shape
  old = np.random.default_rng(2).uniform(0, 0.2, shape)
  state = {**ts.state, "variances": jnp.asarray(old, jnp.float32)}
  ts = ts._replace(step=ts.step * 0 + progress, state=state)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  value, kept = penalty(out.f, out.l, batch, old, 0.8)
  slope_f = numerical(lambda f: on * 30 * penalty(f, out.l, batch, old, 0.8)[0], out.f)
  slope_l = numerical(lambda x: on * 30 * penalty(out.f, x, batch, old, 0.8)[0], out.l)
  grads = by_hand.backward(out, df=slope_f, dl=dl + slope_l)
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, label_loss + on * 30 * value)
  np.testing.assert_allclose(after.state["variances"], kept, rtol=1e-5, atol=1e-7)
  np.testing.assert_allclose(kept[2], old[2])  # of a domain that the batch lacks


@pytest.mark.adapts("fishr")
def test_a_shortcut_that_the_sources_share_is_taken_less():
  found, null = (spurious.accuracy("fishr", weight=w, share=0.3) for w in (3000.0, 0.0))
  assert found > null + 0.4
