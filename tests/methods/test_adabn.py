"""AdaBN: the parameters are source_only's to the bit, the statistics the target's."""

import by_hand
import jax
import normed_by_hand
import numpy as np
import pytest

from adapt import methods, models

# It lives in normalisation layers; its gain is the target's statistics, no term to switch off.
TOY = {"model": "normed", "margin": 0.02, "null": False}
GOLDEN = {"label_loss": 0.5961558, "loss": 0.5961558}


def test_one_step_is_that_of_source_only_and_target_statistics_move_alone():
  _, ts, step = normed_by_hand.started("adabn")
  other = jax.tree.map(lambda v: v + 1.0, ts.state["stats_target"])  # than the source's
  ts = ts._replace(state={**ts.state, "stats_target": other})
  _, _, plain = normed_by_hand.started("source_only")
  (after, metrics), (expected, plain_metrics) = step(ts), plain()
  jax.tree.map(np.testing.assert_array_equal, after.params, expected.params)
  jax.tree.map(np.testing.assert_array_equal, after.state["stats"], expected.state["stats"])
  np.testing.assert_array_equal(metrics["loss"], plain_metrics["loss"])
  params = normed_by_hand.double(ts.params["net"])
  _, own = normed_by_hand.forward(params, by_hand.batch().xt)
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6),
    normed_by_hand.moved(other, own),
    after.state["stats_target"],
  )


def test_predictions_use_the_targets_statistics():
  method, _, step = normed_by_hand.started("adabn")
  after, _ = step()
  x = by_hand.batch().xt[:3]
  _, logits = method.predict(after.params, after.state, x)
  params, stats = normed_by_hand.double((after.params["net"], after.state["stats_target"]))
  np.testing.assert_allclose(logits, normed_by_hand.forward(params, x, stats)[0], rtol=1e-4)


def test_a_network_without_statistics_is_refused():
  with pytest.raises(ValueError, match="choose another --model"):
    methods.get("adabn")(models.build("mlp", 2)).init(jax.random.key(0), by_hand.batch())
