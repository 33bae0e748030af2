"""What gvb and toalign share: logits less their bridge, and examples that weigh as they are sure."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np

from adapt import models
from adapt.methods import _bridge


def test_the_bridge_starts_at_random_and_is_subtracted():
  net, batch = models.build("mlp", by_hand.K), by_hand.batch()
  params, stats, bridge, seen = jax.jit(lambda k: _bridge.start(net, k, batch))(jax.random.key(0))
  assert np.abs(bridge["kernel"]).max() > 0.01 and seen.shape == (by_hand.B, by_hand.K)
  whole = {"net": params, "bridge": bridge}
  features, logits = _bridge.predict(net, whole, {"stats": stats}, batch.xt)
  plain = by_hand.forward(params, batch.xt).l
  np.testing.assert_allclose(logits, plain - features @ bridge["kernel"], rtol=1e-4, atol=1e-5)


def test_an_example_without_an_idea_weighs_less():
  scores, logits = jnp.array([2.0, -2.0, 0.0]), jnp.array([[9.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
  sure, unsure = np.log1p(np.exp([-2.0, 2.0]))
  w = np.exp(-np.array([(1 + 9) * np.exp(-9), np.log(2)]))  # of entropies, the first to a percent
  expected = ((w @ [sure, unsure]) / w.sum() + np.log(2)) / 2
  np.testing.assert_allclose(_bridge.balanced(scores, logits, 2, 1.0), expected, rtol=1e-3)
  even = _bridge.balanced(scores, logits, 2, 1.0, entropy=False)
  np.testing.assert_allclose(even, ((sure + unsure) / 2 + np.log(2)) / 2, rtol=1e-5)
