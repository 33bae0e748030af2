"""DANN equals eq. 13–15 of its paper written by hand: the critic descends, the features climb."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.training import shared_step

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.15}
GOLDEN = {"domain_loss": 0.7537158, "label_loss": 0.6551642, "loss": 1.40888}


@pytest.mark.parametrize(
  ("weight", "ramp", "scale_loss"),
  [(0.0, 10.0, False), (0.7, 10.0, False), (0.7, 2.0, False), (0.7, 2.0, True)],
)
def test_one_step_equals_the_step_by_hand(weight, ramp, scale_loss):
  ts, step = by_hand.start("dann", weight=weight, ramp=ramp, scale_loss=scale_loss, depth=0)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)

  critic = jax.tree.map(lambda v: np.asarray(v, np.float64), ts.params["critic"]["Dense_0"])
  f = np.concatenate([source.f, target.f])
  is_source = np.repeat([1.0, 0.0], by_hand.B)
  p = 1 / (1 + np.exp(-(f @ critic["kernel"] + critic["bias"])[:, 0]))
  domain_loss = -np.mean(is_source * np.log(p) + (1 - is_source) * np.log(1 - p))
  dd = (p - is_source)[:, None] / len(f)

  strength = weight * (2 / (1 + np.exp(-ramp * 0.4)) - 1)  # progress is 4 / 10
  df = -strength * dd @ critic["kernel"].T
  scale = strength if scale_loss else 1.0  # of what reaches the critic, too
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=df[: by_hand.B], dl=dl),
      by_hand.backward(target, df=df[by_hand.B :]),
    ),
    "critic": {"Dense_0": {"kernel": f.T @ (scale * dd), "bias": scale * dd.sum(0)}},
  }
  by_hand.assert_step(ts, *step(), grads, label_loss + scale * domain_loss)


def test_the_default_critic_learns_and_pushes():
  method = methods.get("dann")(models.build("mlp", by_hand.K))
  opt = shared_step.optimizer(by_hand.SETTINGS, 0.05)
  ts = shared_step.init(method, opt, jax.random.key(0), by_hand.batch())

  def domain_loss(params):
    _, (_, metrics) = method.loss(params, ts.state, by_hand.batch(), jax.random.key(1), 1.0)
    return metrics["domain_loss"]

  grads = jax.grad(domain_loss)(ts.params)
  norms = {
    entry: float(jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(grads[entry]))))
    for entry in grads
  }
  assert norms["critic"] > 1e-3 and norms["net"] > 1e-3
