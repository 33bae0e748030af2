"""The normed network written out in NumPy, and gradients by central differences, in float64."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import toy

from adapt import methods, models
from adapt.models import nets
from adapt.training import shared_step


def started(name: str, **hyper):
  """(method, state, compiled step) on the normed network, whose predictions differ in confidence."""
  net = models.build(toy.needs("tent").model, by_hand.K)
  params, stats = net.init(jax.random.key(3), by_hand.batch().xs)
  params = {**params, "head": {**params["head"], "kernel": 2 * params["head"]["kernel"]}}
  # Source statistics that no batch has, so that using them shows.
  stats = jax.tree.map(lambda v: v + jnp.linspace(0.0, 1.0, v.size), stats)
  method = methods.get(name)(nets.beginning_at(net, params, stats), **hyper)
  opt = shared_step.optimizer(by_hand.SETTINGS, by_hand.SETTINGS.lr)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, by_hand.batch()))(jax.random.key(3))
  ts = ts._replace(step=jnp.asarray(4, jnp.int32))
  step = jax.jit(lambda ts, batch: shared_step.step(method, opt, 10, ts, batch))
  return method, ts, lambda ts=ts: step(ts, by_hand.batch())


def double(tree):
  return jax.tree.map(lambda v: np.asarray(v, np.float64), tree)


def forward(params, x, stats=None):
  """(logits, batch statistics); under the given statistics, or under the batch's own."""
  h = np.asarray(x, np.float64) @ params["hidden"]["kernel"] + params["hidden"]["bias"]
  own = {"mean": h.mean(0), "var": h.var(0)}
  used = own if stats is None else stats["norm"]
  h = (h - used["mean"]) / np.sqrt(used["var"] + 1e-5)
  f = np.maximum(h * params["norm"]["scale"] + params["norm"]["bias"], 0)
  return f @ params["head"]["kernel"] + params["head"]["bias"], own


def moved(stats, own):
  """Running statistics after one batch."""
  return {"norm": {k: 0.9 * np.asarray(stats["norm"][k]) + 0.1 * own[k] for k in ("mean", "var")}}


def assert_each_domain_moves(before, after, target, batch):
  """Both domains' running statistics after a step; `target` is the network with the target's layers."""
  seen = {"stats": (double(before.params["net"]), batch.xs), "stats_target": (target, batch.xt)}
  for name, (params, x) in seen.items():
    jax.tree.map(
      lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6),
      moved(before.state[name], forward(params, x)[1]),
      after.state[name],
    )


def slopes(loss, tree, eps=1e-6):
  """Gradient of loss(tree) by central differences."""
  leaves, shape = jax.tree.flatten(double(tree))
  grads = []
  for leaf in leaves:
    grad = np.zeros(leaf.size)
    flat = leaf.reshape(-1)
    for i in range(flat.size):
      kept = flat[i]
      flat[i] = kept + eps
      above = loss(jax.tree.unflatten(shape, leaves))
      flat[i] = kept - eps
      grad[i] = (above - loss(jax.tree.unflatten(shape, leaves))) / (2 * eps)
      flat[i] = kept
    grads.append(grad.reshape(leaf.shape))
  return jax.tree.unflatten(shape, grads)
