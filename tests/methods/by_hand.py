"""An MLP with its gradients written out in NumPy, and the comparison of one step with it."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from adapt import methods, models
from adapt.method import Batch
from adapt.models import nets
from adapt.training import shared_step
from adapt.training.settings import Settings

B, D, K = 8, 3, 3
SETTINGS = Settings(lr=0.05, momentum=0.9, weight_decay=0.01, schedule="constant")


def batch() -> Batch:
  """A batch with unequal weights, and the last of three domains absent: what is forgotten shows."""
  rng = np.random.default_rng(0)
  x = rng.normal(size=(3, B, D)).astype(np.float32)
  ys, yl = rng.integers(0, K, (2, B)).astype(np.int32)
  ws = rng.uniform(0.2, 3.0, B).astype(np.float32)
  ds = np.eye(3, dtype=np.float32)[[0, 1, 1, 0, 1, 1, 0, 1]]
  return Batch(*map(jnp.asarray, (x[0], ys, ws, ds, x[1] + 1, 2 * x[2], yl, np.arange(B))))


def forward(net: dict, x) -> SimpleNamespace:
  """Features and logits of adapt's MLP, in float64."""
  x = np.asarray(x, np.float64)
  p = jax.tree.map(lambda v: np.asarray(v, np.float64), net)
  f = 1 / (1 + np.exp(-(x @ p["hidden"]["kernel"] + p["hidden"]["bias"])))
  return SimpleNamespace(x=x, f=f, l=f @ p["head"]["kernel"] + p["head"]["bias"], p=p)


def backward(out: SimpleNamespace, df=0.0, dl=0.0) -> dict:
  """Gradients of the network from those of its features and logits."""
  dl = np.broadcast_to(dl, out.l.shape)
  df = df + dl @ out.p["head"]["kernel"].T
  da = df * out.f * (1 - out.f)
  return {
    "hidden": {"kernel": out.x.T @ da, "bias": da.sum(0)},
    "head": {"kernel": out.f.T @ dl, "bias": dl.sum(0)},
  }


def softmax(logits):
  p = np.exp(logits - logits.max(1, keepdims=True))
  return p / p.sum(1, keepdims=True)


def through_softmax(p, dp):
  """Gradient by the logits from that by their softmax p."""
  return p * (dp - (p * dp).sum(1, keepdims=True))


def cross_entropy(logits, labels, weights=None):
  """(weighted mean cross-entropy, its gradient by the logits)."""
  w = np.ones(len(logits)) if weights is None else np.asarray(weights, np.float64)
  labels, p = np.asarray(labels), softmax(logits)
  loss = -(w * np.log(p[np.arange(len(p)), labels])).sum() / w.sum()
  return loss, (p - np.eye(logits.shape[1])[labels]) * (w / w.sum())[:, None]


def risks(logits, labels, weights, ds):
  """(risk, part of the weight, gradient of the risk by the logits) of each domain that is there."""
  w = np.asarray(weights, np.float64)
  for column in np.asarray(ds, np.float64).T:
    if column.any():
      risk, slope = cross_entropy(logits, labels, w * column)
      yield risk, (w * column).sum() / w.sum(), slope


def added(*trees):
  return jax.tree.map(lambda *v: sum(v), *trees)


def start(name: str, **hyper):
  """(state, function of one step) of a method on the MLP, in the middle of training."""
  method = methods.get(name)(models.build("mlp", K), **hyper)
  opt = shared_step.optimizer(SETTINGS, SETTINGS.lr)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, batch()))(jax.random.key(3))._replace(
    step=jnp.asarray(4, jnp.int32)
  )
  step = jax.jit(lambda ts: shared_step.step(method, opt, 10, ts, batch()))
  return ts, lambda ts=ts: step(ts)


def decided(name: str, **hyper):
  """As `start`, with a head whose predictions differ in class and confidence, and a compiled step."""
  net = models.build("mlp", K)
  params, stats = net.init(jax.random.key(3), batch().xs)
  kernel = 20 * params["head"]["kernel"]
  middle = jnp.asarray(forward(params, jnp.concatenate([batch().xs, batch().xt])).f.mean(0))
  params = {**params, "head": {"kernel": kernel, "bias": -(middle @ kernel).astype(jnp.float32)}}
  method = methods.get(name)(nets.beginning_at(net, params, stats), **hyper)
  opt = shared_step.optimizer(SETTINGS, SETTINGS.lr)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, batch()))(jax.random.key(3))._replace(
    step=jnp.asarray(4, jnp.int32)
  )
  step = jax.jit(lambda ts, batch: shared_step.step(method, opt, 10, ts, batch))
  return ts, lambda ts=ts, seen=None: step(ts, seen or batch())


def assert_step(ts, after, metrics, grads: dict, loss: float) -> None:
  """The step has this loss and made one Nesterov step along these gradients, decay included."""
  np.testing.assert_allclose(metrics["loss"], loss, rtol=1e-5)

  def stepped(p, g):
    d = np.asarray(g) + SETTINGS.weight_decay * np.asarray(p, np.float64)
    return np.asarray(p, np.float64) - SETTINGS.lr * (d + SETTINGS.momentum * d)

  expected = jax.tree.map(stepped, dict(ts.params), grads)
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6), expected, after.params
  )


def linear_critic(critic: dict, x, targets, weights) -> tuple:
  """(Σ weights · cross-entropy, gradient by x, gradients) of a critic of depth 0 on inputs x."""
  layer = jax.tree.map(lambda v: np.asarray(v, np.float64), critic["Dense_0"])
  p = 1 / (1 + np.exp(-(x @ layer["kernel"] + layer["bias"])[:, 0]))
  losses = -(targets * np.log(p) + (1 - targets) * np.log(1 - p))
  d = (weights * (p - targets))[:, None]
  grads = {"Dense_0": {"kernel": x.T @ d, "bias": d.sum(0)}}
  return (weights * losses).sum(), d @ layer["kernel"].T, grads


class Nesterov:
  """The optimiser of SETTINGS in NumPy; one velocity per entry, kept between phases."""

  def __init__(self, params):
    self.params = jax.tree.map(lambda v: np.asarray(v, np.float64), dict(params))
    self.speed = jax.tree.map(np.zeros_like, self.params)

  def move(self, entry, grads) -> None:
    p = self.params[entry]
    d = jax.tree.map(lambda g, w: g + SETTINGS.weight_decay * w, grads, p)
    self.speed[entry] = jax.tree.map(lambda v, g: SETTINGS.momentum * v + g, self.speed[entry], d)
    self.params[entry] = jax.tree.map(
      lambda w, g, v: w - SETTINGS.lr * (g + SETTINGS.momentum * v), p, d, self.speed[entry]
    )

  def assert_equal(self, params) -> None:
    jax.tree.map(
      lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-4, atol=2e-6),
      dict(params),
      self.params,
    )
