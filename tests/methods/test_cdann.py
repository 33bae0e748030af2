"""CDANN by hand: a critic told the class, classes that count alike; their vectors descend with it."""

import between_sources
import by_hand
import jax
import numpy as np

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.05}
GOLDEN = {"domain_loss": 0.7184045, "label_loss": 0.6048884, "loss": 1.323293}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("cdann", weight=0.7, depth=0)
  batch = by_hand.batch()
  ys, ws = np.asarray(batch.ys), np.asarray(batch.ws, np.float64)
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, ys, ws)
  vectors = np.asarray(ts.params["critic"]["classes"], np.float64)
  even = ws / np.bincount(ys)[ys]
  assert len(set(np.bincount(ys))) > 1
  domain_loss, df, mlp = between_sources.softmax_critic(
    ts.params["critic"]["mlp"], out.f + vectors[ys], batch.ds, even
  )
  classes = np.eye(by_hand.K)[ys].T @ df  # descends: not reversed
  grads = {
    "net": by_hand.backward(out, df=-0.7 * df, dl=dl),
    "critic": {"mlp": mlp, "classes": classes},
  }
  by_hand.assert_step(ts, *jax.jit(step)(), grads, label_loss + domain_loss)
