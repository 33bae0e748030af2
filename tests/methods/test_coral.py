"""Deep CORAL equals eq. 1–3 of its paper written by hand."""

import by_hand
import pytest

from adapt import methods, models

TOY = {"given": {"layer": "features", "weight": 300.0}, "margin": 0.02}
GOLDEN = {"coral_loss": 0.003714059, "label_loss": 0.6064173, "loss": 1.720635}


def centred(v):
  return v - v.mean(0)


@pytest.mark.parametrize("layer", ["logits", "features"])
def test_one_step_equals_the_step_by_hand(layer):
  ts, step = by_hand.start("coral", weight=20.0, layer=layer)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  s, t = (o.l if layer == "logits" else o.f for o in (source, target))
  n, d = s.shape
  gap = centred(s).T @ centred(s) / (n - 1) - centred(t).T @ centred(t) / (n - 1)  # [d, d]
  coral_loss = (gap**2).sum() / (4 * d**2)
  # The paper's eq. 4–5: the derivative by each domain's activations.
  by_source = 20 * centred(s) @ gap / (d**2 * (n - 1))
  by_target = -20 * centred(t) @ gap / (d**2 * (n - 1))
  name = {"logits": "dl", "features": "df"}[layer]
  grads = by_hand.added(
    by_hand.backward(source, dl=dl),
    by_hand.backward(source, **{name: by_source}),
    by_hand.backward(target, **{name: by_target}),
  )
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + 20 * coral_loss)


def test_an_unknown_layer_is_refused():
  with pytest.raises(ValueError, match="choose logits or features"):
    methods.get("coral")(models.build("mlp", 2), layer="conv1")
