"""CORAL between sources by hand; features that would tell the sources are given up."""

import between_sources
import by_hand
import jax
import numpy as np
import pytest
import spurious
from test_assoc import numerical

GOLDEN = {"coral_loss": 0.1418594, "label_loss": 0.5090176, "loss": 0.6508769}


def distance(f, where):
  """Of two domains: of their means and of their covariances, each a mean over entries."""
  a, b = f[where == 0], f[where == 1]
  means = ((a.mean(0) - b.mean(0)) ** 2).mean()
  return means + ((np.cov(a.T) - np.cov(b.T)) ** 2).mean()


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("coral_dg", weight=7.0)
  batch = by_hand.batch()
  where = np.asarray(batch.ds).argmax(1)
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  df = numerical(lambda f: 7 * distance(f, where), out.f)
  grads = by_hand.backward(out, df=df, dl=dl)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": grads}, label_loss + 7 * distance(out.f, where))


@pytest.mark.adapts("coral_dg")
def test_a_feature_that_tells_the_sources_is_given_up():
  sources, target = between_sources.SOURCES, between_sources.TARGET
  found, null = (spurious.reached("coral_dg", sources, target, weight=w) for w in (1.0, 0.0))
  assert found > 0.8 and null < 0.3
