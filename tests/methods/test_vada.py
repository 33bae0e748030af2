"""VADA equals its paper written by hand, the direction of its perturbations from explicit derivatives."""

import by_hand
import jax
import normed_by_hand
import numpy as np

from adapt import methods, models

TOY = {"given": {"width": 32, "radius": 1.0}, "margin": 0.2}
GOLDEN = {
  "domain_loss": 0.6958643,
  "entropy_loss": 0.6829035,
  "label_loss": 0.6735115,
  "loss": 1.396152,
  "smoothness": 0.001907591,
}

B = by_hand.B
GIVEN = {
  "weight": 0.5,
  "domain": 0.3,
  "on_source": 2.0,
  "on_target": 0.7,
  "radius": 0.4,
  "average": 0.9,
}


def smoothness(net, x, key):
  """(mean divergence, gradients) around inputs, the clean predictions constants."""
  clean = by_hand.forward(net, x)
  p = by_hand.softmax(clean.l)
  start = np.asarray(jax.random.normal(key, x.shape), np.float64)
  towards = np.zeros_like(start)
  for i in range(len(x)):
    slope = clean.f[i] * (1 - clean.f[i])
    jacobian = clean.p["head"]["kernel"].T @ (slope[:, None] * clean.p["hidden"]["kernel"].T)
    fisher = np.diag(p[i]) - np.outer(p[i], p[i])
    towards[i] = jacobian.T @ fisher @ jacobian @ start[i]
  towards /= np.linalg.norm(towards, axis=1, keepdims=True)
  moved = by_hand.forward(net, np.asarray(x, np.float64) + GIVEN["radius"] * towards)
  q = by_hand.softmax(moved.l)
  loss = (p * np.log(p / q)).sum() / len(x)
  return loss, by_hand.backward(moved, dl=(q - p) / len(x))


def entropy(p):
  h = -(p * np.log(p)).sum(1)
  return h.mean(), -p * (np.log(p) + h[:, None]) / len(p)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("vada", depth=0, **GIVEN)
  batch, opt, net = by_hand.batch(), by_hand.Nesterov(ts.params), ts.params["net"]
  source, target = (by_hand.forward(net, x) for x in (batch.xs, batch.xt))
  f, even = np.concatenate([source.f, target.f]), np.full(2 * B, 1 / (2 * B))
  domain_loss, _, critic = by_hand.linear_critic(
    ts.params["critic"], f, np.repeat([1.0, 0.0], B), even
  )
  opt.move("critic", critic)

  key = jax.random.fold_in(jax.random.fold_in(ts.key, ts.step), 1000)
  random = jax.random.split(key, 3)[2]
  inverted, df, _ = by_hand.linear_critic(opt.params["critic"], f, np.repeat([0.0, 1.0], B), even)
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  sure, dt = entropy(by_hand.softmax(target.l))
  around_source, first = smoothness(net, batch.xs, random)
  around_target, second = smoothness(net, batch.xt, jax.random.fold_in(random, 1))
  regular = 0.3 * inverted + 2 * around_source + 0.7 * (sure + around_target)
  grads = by_hand.added(
    by_hand.backward(source, df=0.5 * 0.3 * df[:B], dl=dl),
    by_hand.backward(target, df=0.5 * 0.3 * df[B:], dl=0.5 * 0.7 * dt),
    jax.tree.map(lambda g: 0.5 * 2 * g, first),
    jax.tree.map(lambda g: 0.5 * 0.7 * g, second),
  )
  opt.move("net", grads)
  after, metrics = step()
  found = [metrics[n] for n in ("domain_loss", "label_loss", "entropy_loss", "smoothness", "loss")]
  total = domain_loss + label_loss + 0.5 * regular
  np.testing.assert_allclose(
    found, [domain_loss, label_loss, sure, around_target, total], rtol=1e-3
  )
  assert around_source > 1e-4 and around_target > 1e-4
  opt.assert_equal(after.params)
  averaged = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, net, after.params["net"])
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7),
    after.state["average"],
    averaged,
  )


def test_the_averaged_parameters_predict():
  ts, _ = by_hand.start("vada", width=8, **GIVEN)
  method = methods.get("vada")(models.build("mlp", by_hand.K), **GIVEN)
  x = by_hand.batch().xt
  moved = {**ts.params, "net": jax.tree.map(lambda p: p + 1, ts.params["net"])}
  expected = by_hand.forward(ts.params["net"], x).l
  np.testing.assert_allclose(method.predict(moved, ts.state, x)[1], expected, rtol=1e-4, atol=1e-5)


def test_the_target_alone_moves_running_statistics():
  _, ts, step = normed_by_hand.started("vada", width=8, **GIVEN)
  after, _ = step()
  _, own = normed_by_hand.forward(normed_by_hand.double(ts.params["net"]), by_hand.batch().xt)
  expected = normed_by_hand.moved(ts.state["stats"], own)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
    after.state["stats"],
    expected,
  )
