"""SD equals the risk and the logits' mean square by hand; a strong feature does not starve a sure one."""

import by_hand
import jax
import numpy as np
import pytest
import spurious

TOY = {"given": {"weight": 0.03}}
GOLDEN = {"label_loss": 0.5953619, "loss": 0.6081792, "square": 0.4272428}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("sd", weight=0.8)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  share = np.asarray(batch.ws, np.float64) / np.asarray(batch.ws, np.float64).sum()
  loss = label_loss + 0.8 * share @ (out.l**2).mean(1)
  dl = dl + 0.8 * share[:, None] * 2 * out.l / by_hand.K
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": by_hand.backward(out, dl=dl)}, loss)


def features(n, seed, lies):
  """A large feature of many sizes, at random where it lies, and a small one of one size."""
  rng = np.random.default_rng(seed)
  y = rng.integers(0, 2, n)
  sign = 2 * y - 1
  told = rng.choice([-1, 1], n) if lies else sign
  x = np.stack([told * rng.uniform(0.2, 5, n), sign + rng.normal(0, 0.1, n)], axis=1)
  return x.astype(np.float32), y.astype(np.int32)


@pytest.mark.adapts("sd")
def test_a_strong_feature_does_not_starve_a_sure_one():
  """Both tell the classes of the source; in the target the strong one tells nothing."""
  sources, target = [features(200, 0, lies=False)], features(1000, 1, lies=True)
  found, null = (spurious.reached("sd", sources, target, weight=w) for w in (0.1, 0.0))
  assert found > null + 0.2 and null < 0.65
