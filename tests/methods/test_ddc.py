"""DDC by hand: a layer between features and classifier, and the squared distance of its means."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"width": 32}, "margin": 0.05}
GOLDEN = {"label_loss": 0.583763, "loss": 0.6765866, "mmd_loss": 0.3712946}


def parts(params, own, batch):
  def layer(x):
    f = by_hand.forward({**params["net"], "head": own}, x).f
    return f @ params["layer"]["kernel"] + params["layer"]["bias"]

  hs, ht = layer(batch.xs), layer(batch.xt)
  ls = hs @ params["head"]["kernel"] + params["head"]["bias"]
  label_loss = by_hand.cross_entropy(ls, batch.ys, batch.ws)[0]
  return np.array([label_loss, ((hs.mean(0) - ht.mean(0)) ** 2).sum()])


@pytest.mark.parametrize(("weight", "passes"), [(0.0, "joint"), (0.8, "separate")])
def test_one_step_equals_the_step_by_hand(weight, passes):
  ts, step = by_hand.decided("ddc", weight=weight, width=4, passes=passes)
  own, batch = central.double(ts.state["head"]), by_hand.batch()
  total = lambda params: parts(params, own, batch) @ (1, weight)
  grads = central.slopes(total, ts.params)
  after, metrics = step()
  found = parts(central.double(ts.params), own, batch)
  np.testing.assert_allclose([metrics["label_loss"], metrics["mmd_loss"]], found, rtol=1e-4)
  by_hand.assert_step(ts, after, metrics, grads, total(central.double(ts.params)))


def test_the_layer_lies_before_the_classifier_that_predicts():
  method = methods.get("ddc")(models.build("mlp", by_hand.K), width=5)
  params, state = jax.jit(method.init)(jax.random.key(0), by_hand.batch())
  features, logits = method.predict(params, state, by_hand.batch().xt)
  assert features.shape == (by_hand.B, 5)
  expected = features @ params["head"]["kernel"] + params["head"]["bias"]
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_distance_is_of_means_and_not_of_pairs():
  method = methods.get("ddc")(models.build("mlp", by_hand.K), width=5)
  x = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)), jnp.float32)
  batch = by_hand.batch()._replace(xs=jnp.concatenate([x, x]), xt=jnp.repeat(x, 2, axis=0))
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  _, (_, metrics) = jax.jit(method.loss)(params, state, batch, jax.random.key(1), 0.5)
  assert metrics["mmd_loss"] < 1e-8  # the same examples in another order


def test_a_width_that_no_layer_has_is_refused():
  with pytest.raises(ValueError, match="choose 1 to 100000"):
    methods.get("ddc")(models.build("mlp", 2), width=0)
