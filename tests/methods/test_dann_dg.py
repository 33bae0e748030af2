"""DANN between sources by hand: the critic descends, the features climb."""

import between_sources
import by_hand
import jax
import pytest

from adapt import methods, models

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.08}
GOLDEN = {"domain_loss": 0.7189941, "label_loss": 0.5865176, "loss": 1.305512}


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.start("dann_dg", weight=weight, depth=0)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  domain_loss, df, critic = between_sources.softmax_critic(
    ts.params["critic"], out.f, batch.ds, batch.ws
  )
  grads = {"net": by_hand.backward(out, df=-weight * df, dl=dl), "critic": critic}
  by_hand.assert_step(ts, *jax.jit(step)(), grads, label_loss + domain_loss)


def test_a_critic_that_no_network_is_is_refused():
  with pytest.raises(ValueError, match="depth is -1"):
    methods.get("dann_dg")(models.build("mlp", 2), depth=-1)
