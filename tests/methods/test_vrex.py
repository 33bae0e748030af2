"""V-REx equals the pooled risk and the variance of the domains' risks written by hand."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import spurious

from adapt import methods, models

TOY = {"steps": 800, "given": {"weight": 100.0}, "margin": 0.05}
GOLDEN = {"label_loss": 0.5046772, "loss": 0.5069759, "variance": 0.002298715}

# (weight, share, factor at progress 0.4)
SCHEDULES = [(0.0, 0.1, 0.0), (0.5, 0.1, 0.5), (7.0, 0.1, 7.0), (7.0, 0.5, 1.0), (0.0, 0.5, 0.0)]


@pytest.mark.parametrize(("weight", "share", "factor"), SCHEDULES)
def test_one_step_equals_the_step_by_hand(weight, share, factor):
  ts, step = by_hand.start("vrex", weight=weight, share=share)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  (first, _, d_first), (second, _, d_second) = by_hand.risks(out.l, *batch[1:4])

  # Of two numbers the variance is the squared half of their difference.
  loss = label_loss + factor * ((first - second) / 2) ** 2
  dl = dl + factor * (first - second) / 2 * (d_first - d_second)
  scale = max(factor, 1)
  grads = by_hand.backward(out, dl=dl / scale)
  by_hand.assert_step(ts, *step(), {"net": grads}, loss / scale)


def test_the_variance_is_numpys_over_the_domains_there():
  method = methods.get("vrex")(models.build("mlp", by_hand.K))
  which = jnp.asarray([0, 1, 3, 3, 0, 1, 1, 3])  # domain 2 of 4 is absent
  batch = by_hand.batch()._replace(ds=jnp.eye(4)[which])
  params, state = method.init(jax.random.key(0), batch)
  _, (_, metrics) = method.loss(params, state, batch, None, 1.0)
  out = by_hand.forward(params["net"], batch.xs)
  risks = [risk for risk, _, _ in by_hand.risks(out.l, *batch[1:4])]
  assert len(risks) == 3
  np.testing.assert_allclose(metrics["variance"], np.var(risks), rtol=1e-4)


def test_one_domain_alone_or_none_has_no_variance():
  method = methods.get("vrex")(models.build("mlp", by_hand.K))
  params, state = method.init(jax.random.key(0), by_hand.batch())
  for change in ({"ds": jnp.eye(3)[jnp.ones(8, int)]}, {"ws": jnp.zeros(8)}):
    batch = by_hand.batch()._replace(**change)
    loss, (_, metrics) = method.loss(params, state, batch, None, 1.0)
    assert metrics["variance"] == 0 and jnp.isfinite(loss)


@pytest.mark.adapts("vrex")
def test_a_shortcut_that_the_sources_share_is_not_taken():
  assert spurious.accuracy("source_only") < 0.2  # the shortcut is right in one case of ten
  found, null = (spurious.accuracy("vrex", weight=w, share=0.3) for w in (1000.0, 0.0))
  assert found > null + 0.25 and null < 0.2  # 0.75 is the best there is
