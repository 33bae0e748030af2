"""by_hand's MLP at each pixel of an image: a segmentation network whose gradients are written out."""

import by_hand
import jax.numpy as jnp
import numpy as np

from adapt import methods, models, outputs
from adapt.method import Batch, Net
from adapt.models import nets
from adapt.training import shared_step

B, H, W, D, K = 3, 4, 5, by_hand.D, by_hand.K


def net() -> Net:
  """The MLP of by_hand on every pixel; features are means over an image."""
  flat = models.build("mlp", K)

  def apply(params, stats, x, train, key):
    (features, logits), stats = flat.apply(params, stats, x.reshape(-1, D), train, key)
    return (features.reshape(len(x), H * W, -1).mean(1), logits.reshape(*x.shape[:-1], K)), stats

  init = lambda key, x: flat.init(key, x.reshape(-1, D))
  return Net(init, apply, "vector", 0, outputs.bind("pixels")())


def batch() -> Batch:
  """Images of floats; pixels of the first row of the first image are not scored."""
  rng = np.random.default_rng(0)
  x = rng.normal(size=(2, B, H, W, D)).astype(np.float32)
  ys = rng.integers(0, K, (B, H, W)).astype(np.int32)
  ys[0, 0], ys[1] = -1, np.minimum(ys[1], 1)
  ws = rng.uniform(0.2, 3.0, B).astype(np.float32)
  return Batch(*map(jnp.asarray, (x[0], ys, ws, np.ones((B, 1), np.float32), x[1] + 1)))


def start(name: str, **hyper):
  """(state, one step) of a method whose predictions differ in class and confidence, in mid-training."""
  import jax

  made = net()
  params, stats = made.init(jax.random.key(3), batch().xs)
  kernel = 20 * params["head"]["kernel"]
  middle = by_hand.forward(params, np.asarray(batch().xt).reshape(-1, D)).f.mean(0)
  params = {**params, "head": {"kernel": kernel, "bias": -(jnp.asarray(middle) @ kernel)}}
  params = jax.tree.map(lambda p: p.astype(jnp.float32), params)
  own = nets.beginning_at(made, params, stats)._replace(kind="vector", output=made.output)
  method = methods.get(name)(own, **hyper)
  opt = shared_step.optimizer(by_hand.SETTINGS, by_hand.SETTINGS.lr)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, batch()))(jax.random.key(3))
  ts = ts._replace(step=jnp.asarray(4, jnp.int32))
  return ts, jax.jit(lambda ts: shared_step.step(method, opt, 10, ts, batch()))


def forward(params, x):
  """As by_hand's, of all pixels one after the other."""
  return by_hand.forward(params, np.asarray(x).reshape(-1, D))


def label_loss(out, ys, ws):
  """(loss, its gradient by the logits) of masks: the weighted mean of each image's mean."""
  ys, ws = np.asarray(ys).reshape(B, -1), np.asarray(ws, np.float64)
  share = (ws / ws.sum())[:, None] * (ys >= 0) / (ys >= 0).sum(1, keepdims=True)
  return weighted(out, ys, share)


def weighted(out, labels, weights):
  """(Σ of weights · cross-entropy, its gradient by the logits), of pixels."""
  labels, weights = np.asarray(labels).ravel(), np.asarray(weights, np.float64).ravel()
  weights = np.where(labels >= 0, weights, 0)
  p, true = by_hand.softmax(out.l), np.eye(K)[np.maximum(labels, 0)]
  return -(weights * np.log((p * true).sum(1))).sum(), (p - true) * weights[:, None]
