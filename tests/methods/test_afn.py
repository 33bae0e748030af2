"""AFN, hard and stepwise, equals its paper written by hand; the radius is a constant."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import methods, models

# A weight that does not drown the labels.
TOY = {"given": {"weight": 0.003}}
GOLDEN = {
  "label_loss": 0.5960712,
  "loss": 0.6020712,
  "source_norm": 2.537726,
  "target_norm": 2.475427,
}


@pytest.mark.parametrize("variant", ["stepwise", "hard"])
def test_one_step_equals_the_step_by_hand(variant):
  ts, step = by_hand.start("afn", weight=0.2, variant=variant, step=0.4, radius=9.0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  slopes = []
  for out in (source, target):
    norms = np.sqrt((out.f**2).sum(1, keepdims=True))
    gap = np.full_like(norms, -0.4) if variant == "stepwise" else norms.mean() - 9
    loss += 0.2 * (gap**2).mean()
    slopes.append(0.2 * 2 / n * gap * out.f / norms)
  grads = by_hand.added(
    by_hand.backward(source, df=slopes[0], dl=dl), by_hand.backward(target, df=slopes[1])
  )
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


def test_norms_grow_in_both_domains():
  ts, _ = by_hand.start("afn")
  method, batch = methods.get("afn")(models.build("mlp", by_hand.K), weight=1.0), by_hand.batch()

  def total(net):
    return method.loss({"net": net}, ts.state, batch, jax.random.key(0), 0.5)[0]

  net = ts.params["net"]
  after = jax.tree.map(lambda p, g: p - 0.1 * g, net, jax.grad(total)(net))
  for x in (batch.xs, batch.xt):
    before, now = (np.linalg.norm(by_hand.forward(p, x).f, axis=1).mean() for p in (net, after))
    assert now > before + 0.01


def test_an_unknown_variant_is_refused():
  with pytest.raises(ValueError, match="choose stepwise or hard"):
    methods.get("afn")(models.build("mlp", 2), variant="soft")
