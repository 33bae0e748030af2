"""ema trains as full does and predicts with the mean of the weights, in NumPy."""

import jax
import numpy as np
import pytest

from adapt import methods
from adapt.tuning.ema import ema
from adapt.tuning.full import full

TRAINABLE = ["body", "norm", "head"]
STEPS = 5


def predicted(way, ts, net, x):
  return way.adjust(net, methods.get("fine_tune")(net)).predict(ts.params, ts.state, x)


def mean(trees, shares):
  return jax.tree.map(
    lambda *v: sum(s * np.asarray(u) for s, u in zip(shares, v, strict=True)), *trees
  )


# Shares of the weights after each step.
CASES = {
  (1.0, 0): [1 / 5] * 5,
  (1.0, 2): [0, 0, 1 / 3, 1 / 3, 1 / 3],
  (0.6, 0): [0.5 * 0.6**3, 0.5 * 0.6**3, 0.4 * 0.6**2, 0.4 * 0.6, 0.4],
  (0.0, 0): [0, 0, 0, 0, 1],
  (1.0, 9): [0, 0, 0, 0, 1],
}


@pytest.fixture(scope="module")
def fulls(tiny, batch, states):
  return states(full(), "fine_tune", tiny, batch, STEPS, STEPS)


@pytest.mark.compares("NumPy's mean of the weights after each step")
@pytest.mark.parametrize(("decay", "start"), CASES)
def test_training_is_fulls_and_the_mean_predicts(decay, start, tiny, batch, states, fulls):
  way = ema(decay=decay, start=start)
  ours = states(way, "fine_tune", tiny, batch, STEPS, STEPS)
  for (a, loss_a), (b, loss_b) in zip(ours, fulls, strict=True):
    jax.tree.map(np.testing.assert_array_equal, a.params, b.params)
    assert loss_a == loss_b
  passed = [ts for ts, _ in fulls[1:]]
  params = mean([ts.params["net"] for ts in passed], CASES[decay, start])
  stats = mean([ts.state["stats"] for ts in passed], CASES[decay, start])  # running ones too
  (features, logits), _ = tiny.apply(params, stats, batch.xt, False, None)
  found = predicted(way, ours[-1][0], tiny, batch.xt)
  np.testing.assert_allclose(found[0], features, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(found[1], logits, rtol=1e-4, atol=1e-5)


def test_what_is_no_share_or_no_number_of_steps_is_refused():
  with pytest.raises(ValueError, match="between 0 and 1"):
    ema(decay=1.5)
  with pytest.raises(ValueError, match="0 or more"):
    ema(start=-1)
