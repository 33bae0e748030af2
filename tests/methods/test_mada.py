"""MADA by hand: critic k sees features times the predicted probability of class k."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"adversary": 1.0, "width": 32, "depth": 1}, "margin": 0.1}
GOLDEN = {"domain_loss": 1.387696, "label_loss": 0.6551642, "loss": 2.04286}


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("mada", weight=weight, adversary=0.4, depth=0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  f, p = np.concatenate([source.f, target.f]), by_hand.softmax(np.concatenate([source.l, target.l]))
  is_source, even = np.repeat([1.0, 0.0], n), np.full(2 * n, 0.4 / (2 * n))
  critics, domain_loss, df = [], 0.0, 0.0
  for k in range(by_hand.K):
    one = jax.tree.map(lambda v, k=k: v[k], ts.params["critics"])
    loss, by_input, grads = by_hand.linear_critic(one, p[:, k : k + 1] * f, is_source, even)
    domain_loss, df = domain_loss + loss, df + p[:, k : k + 1] * by_input
    critics.append(grads)
  strength = weight * (2 / (1 + np.exp(-10 * 0.4)) - 1)
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=-strength * df[:n], dl=dl),
      by_hand.backward(target, df=-strength * df[n:]),
    ),
    "critics": jax.tree.map(lambda *v: np.stack(v), *critics),
  }
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, grads, label_loss + domain_loss)
  np.testing.assert_allclose(0.4 * metrics["domain_loss"], domain_loss, rtol=1e-5)


def test_deep_critics_start_apart_learn_and_push_the_features():
  method = methods.get("mada")(models.build("mlp", by_hand.K), width=8, depth=1)
  params, state = jax.jit(method.init)(jax.random.key(0), by_hand.batch())
  kernels = params["critics"]["Dense_0"]["kernel"]
  assert len(kernels) == by_hand.K and jnp.abs(kernels[0] - kernels[1]).max() > 0.01

  def domain_loss(params):
    _, (_, metrics) = method.loss(params, state, by_hand.batch(), jax.random.key(1), 1.0)
    return metrics["domain_loss"]

  grads = jax.jit(jax.grad(domain_loss))(params)
  assert (jnp.abs(grads["critics"]["Dense_0"]["kernel"]).max(axis=(1, 2)) > 1e-4).all()
  assert jnp.abs(grads["net"]["hidden"]["kernel"]).max() > 1e-4
  assert all((g == 0).all() for g in jax.tree.leaves(grads["net"]["head"]))  # no gradient by shares
