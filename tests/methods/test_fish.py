"""Fish equals its inner steps and its way by hand; it gives a shortcut of each source up."""

import between_sources
import by_hand
import jax
import numpy as np
import pytest
import spurious

from adapt import methods, models

TOY = {"given": {"rate": 0.1}, "layouts": {"rate": 0.5}}
GOLDEN = {"label_loss": 0.4595225, "loss": 0.4595225}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("fish", rate=0.6)
  batch = by_hand.batch()
  _, key = jax.random.split(jax.random.fold_in(ts.key, ts.step))
  start = own = jax.tree.map(lambda v: np.asarray(v, np.float64), dict(ts.params["net"]))
  losses = []
  for domain in np.asarray(jax.random.permutation(key, 3)):
    weights = np.asarray(batch.ws * batch.ds[:, domain], np.float64)
    if weights.any():  # the third has no examples
      out = by_hand.forward(own, batch.xs)
      loss, dl = by_hand.cross_entropy(out.l, batch.ys, weights)
      own = jax.tree.map(lambda p, g: p - 0.6 * g, own, by_hand.backward(out, dl=dl))
      losses.append(loss)
  assert len(losses) == 2
  grads = jax.tree.map(lambda before, after: (before - after) / (0.6 * 2), start, own)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": grads}, np.mean(losses))


def test_a_step_of_no_length_is_refused():
  with pytest.raises(ValueError, match="above 0"):
    methods.get("fish")(models.build("mlp", 2), rate=0.0)


@pytest.mark.adapts("fish")
def test_a_shortcut_of_each_source_apart_is_given_up():
  """Its null control is steps so short that the sources' gradients are added up."""
  sources, target = between_sources.SOURCES, between_sources.TARGET
  found, null = (spurious.reached("fish", sources, target, rate=r) for r in (10.0, 0.001))
  assert found > null + 0.4
