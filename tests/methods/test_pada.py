"""PADA equals its eq. 3–7 written by hand: class weights reach both losses, and no gradient reaches them."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.methods import pada

TOY = {"given": {"width": 32, "depth": 1, "decay": 0.9}}
GOLDEN = {"counted": 0.9953637, "domain_loss": 0.7522394, "label_loss": 0.6549132, "loss": 1.407153}

SHARES = np.array([0.1, 0.6, 0.3], np.float32)


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.start("pada", weight=weight, depth=0, decay=0.8)
  ts = ts._replace(state={**ts.state, "shares": jnp.asarray(SHARES)})
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  counts = np.array([1 / 6, 1.0, 0.5])[np.asarray(batch.ys)]
  assert len(set(counts)) == 3
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, counts * batch.ws)

  f = np.concatenate([source.f, target.f])
  weights = np.concatenate([counts, np.ones(n)]) / (2 * n)
  is_source = np.repeat([1.0, 0.0], n)
  domain_loss, df, critic = by_hand.linear_critic(ts.params["critic"], f, is_source, weights)
  df = -weight * (2 / (1 + np.exp(-4.0)) - 1) * df  # progress is 4 / 10
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:])
    ),
    "critic": critic,
  }
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, grads, label_loss + domain_loss)
  shares = 0.8 * SHARES + 0.2 * by_hand.softmax(target.l).mean(0)
  np.testing.assert_allclose(after.state["shares"], shares, rtol=1e-5)


def test_equal_shares_are_dann():
  found = by_hand.start("pada", weight=0.7, depth=0)
  dann = by_hand.start("dann", weight=0.7, depth=0)
  losses = [step()[1]["loss"] for _, step in (found, dann)]
  np.testing.assert_allclose(*losses, rtol=1e-5)


def test_a_class_that_the_target_lacks_counts_nothing_whatever_the_number_of_classes():
  np.testing.assert_allclose(
    pada.class_weights(jnp.array([0.5, 0.5, 0.0, 0.0])), [1.0, 1.0, 0.0, 0.0]
  )
