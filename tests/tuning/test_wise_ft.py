"""wise_ft trains as full does and predicts with weights half-way to the start, by hand."""

import jax
import numpy as np
import pytest

from adapt import methods
from adapt.tuning.full import full
from adapt.tuning.wise_ft import wise_ft

TRAINABLE = ["body", "norm", "head"]


def predicted(way, ts, net, x, name="fine_tune", **hyper):
  return way.adjust(net, methods.get(name)(net, **hyper)).predict(ts.params, ts.state, x)


@pytest.mark.compares("weights interpolated by NumPy")
def test_training_is_fulls_and_prediction_is_between(tiny, batch, states):
  way = wise_ft(alpha=0.25)
  ours = states(way, "fine_tune", tiny, batch, 2, 2)
  fulls = states(full(), "fine_tune", tiny, batch, 2, 2)
  for (a, loss_a), (b, loss_b) in zip(ours, fulls, strict=True):
    jax.tree.map(np.testing.assert_array_equal, a.params, b.params)
    jax.tree.map(np.testing.assert_array_equal, a.state["stats"], b.state["stats"])
    assert loss_a == loss_b
  start, now = fulls[0][0], fulls[2][0]
  mixed = lambda a, b: jax.tree.map(lambda u, v: 0.75 * np.asarray(u) + 0.25 * np.asarray(v), a, b)
  params = mixed(start.params["net"], now.params["net"])
  stats = mixed(start.state["stats"], now.state["stats"])  # running statistics too
  (features, logits), _ = tiny.apply(params, stats, batch.xt, False, None)
  found = predicted(way, ours[2][0], tiny, batch.xt)
  np.testing.assert_allclose(found[0], features, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(found[1], logits, rtol=1e-5, atol=1e-6)
  plain, _ = tiny.apply(now.params["net"], now.state["stats"], batch.xt, False, None)
  assert np.abs(plain[1] - logits).max() > 1e-2
  # The two ends are exact.
  np.testing.assert_array_equal(
    predicted(wise_ft(alpha=1.0), ours[2][0], tiny, batch.xt)[1], plain[1]
  )
  before = tiny.apply(start.params["net"], start.state["stats"], batch.xt, False, None)[0][1]
  np.testing.assert_array_equal(
    predicted(wise_ft(alpha=0.0), ours[2][0], tiny, batch.xt)[1], before
  )


def test_a_teacher_that_predicts_is_interpolated(tiny, batch, states):
  way = wise_ft(alpha=0.0)
  passed = states(way, "mean_teacher", tiny, batch, 1, 2)
  (start, _), (now, _) = passed
  before = tiny.apply(start.params["net"], start.state["stats"], batch.xt, False, None)[0][1]
  found = predicted(way, now, tiny, batch.xt, "mean_teacher")[1]
  np.testing.assert_allclose(found, before, rtol=1e-6)


def test_alpha_is_a_share():
  with pytest.raises(ValueError, match="between 0 and 1"):
    wise_ft(alpha=-0.1)
