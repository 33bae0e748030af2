"""CST equals its algorithm written by hand: the cycle through a ridge regression, at the worst network."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt.methods import cst

# The cycle alone gains; with all three terms clouds are right without it too.
TOY = {
  "given": {"weight": 10.0, "tsallis": 0.0, "pseudo": 0.0, "radius": 0.05},
  "margin": 0.1,
  "layouts": {"weight": 2.0, "radius": 0.05, "ridge": 0.05},
}
GOLDEN = {
  "cycle_loss": 0.1867507,
  "label_loss": 0.58961,
  "loss": 1.044439,
  "pseudo_loss": 0.0,
  "tsallis_loss": 1.01659,
}

N, K = by_hand.B, by_hand.K
GIVEN = {
  "weight": 1.5,
  "tsallis": 0.3,
  "pseudo": 0.6,
  "threshold": 0.6,
  "temperature": 1.5,
  "ridge": 0.05,
}


def tsallis(p, index, weights):
  """The sum over examples, by a loop."""
  shares = weights @ p
  parts = (sum(weights[i] * p[i] ** index / shares) for i in range(len(p)))
  return sum(len(shares) / shares.sum() - one for one in parts) / (index - 1)


def sureness(p):
  w = 1 + np.exp((p * np.log(p)).sum(1))
  return len(p) * w / w.sum()


def unit(f):
  return f / np.linalg.norm(f, axis=1, keepdims=True)


def at(net, strong):
  """(loss as a function of the network, that loss here), with what is constant made here."""
  batch = by_hand.batch()
  x = np.concatenate([batch.xs, batch.xt, strong])
  made = by_hand.forward(net, x).l[N : 2 * N]
  labels, sure = made.argmax(1), by_hand.softmax(made).max(1) >= 0.6
  weights = sureness(by_hand.softmax(made / 1.5))
  onehot = lambda y: np.eye(K)[np.asarray(y)] - 1 / K

  def loss(net):
    out = by_hand.forward(net, x)
    (fs, ft, _), (ls, lt, lu) = (np.split(v, 3) for v in (out.f, out.l))
    known = unit(ft)
    found = unit(fs) @ known.T @ np.linalg.inv(known @ known.T + 0.05 * np.eye(N)) @ onehot(labels)
    cycle = ((found - onehot(batch.ys)) ** 2).mean()
    by_view = -np.log(by_hand.softmax(lu)[np.arange(N), labels])
    total = by_hand.cross_entropy(ls, batch.ys, batch.ws)[0] + 1.5 * cycle
    total += 0.3 * tsallis(by_hand.softmax(lt / 1.5), 1.9, weights)
    return total + 0.6 * (by_view * sure).mean()

  assert 0 < sure.sum() < N
  return loss


@pytest.mark.parametrize("radius", [0.0, 0.2])
def test_one_step_equals_the_step_by_hand(radius):
  ts, step = by_hand.decided("cst", radius=radius, noise=0.3, **GIVEN)
  key = jax.random.split(jax.random.fold_in(ts.key, ts.step), 7)[2]
  strong = by_hand.batch().xt + 0.3 * jax.random.normal(key, (N, by_hand.D))
  net = central.double(ts.params["net"])
  if radius:
    up = central.slopes(at(net, strong), net)
    length = np.sqrt(
      sum(((p * g) ** 2).sum() for p, g in zip(*map(jax.tree.leaves, (net, up)), strict=True))
    )
    net = jax.tree.map(lambda p, g: p + radius * p**2 * g / length, net, up)
  loss = at(net, strong)
  grads = central.slopes(loss, net)
  by_hand.assert_step(ts, *step(), {"net": grads}, loss(net))


def test_the_regression_solves_its_ridge_problem():
  rng = np.random.default_rng(2)
  known, asked, labels = rng.normal(size=(9, 4)), rng.normal(size=(5, 4)), rng.normal(size=(9, 2))
  u = unit(known)
  primal = np.linalg.solve(u.T @ u + 0.1 * np.eye(4), u.T @ labels)
  found = cst.regressed(*map(jnp.float32, (known, labels, asked)), 0.1)
  np.testing.assert_allclose(found, unit(asked) @ primal, rtol=1e-4, atol=1e-5)
