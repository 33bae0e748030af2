"""RAINCOAT by hand: spectra beside the network's features, their transport, and reconstruction."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest
from scipy.special import logsumexp

from adapt import methods, models
from adapt.method import Batch

TOY = {}
GOLDEN = {"label_loss": 0.4842792, "loss": 0.7796467, "missed": 91.83817, "transport": 0.2861837}

WEIGHT, RECONSTRUCT, TEMPERATURE, EPSILON = 0.7, 0.02, 0.5, 0.3


def normed(norm, h, axes):
  h = (h - h.mean(axes)) / np.sqrt(h.var(axes) + 1e-5)
  return h * norm["scale"] + norm["shift"]


def encoded(params, body, x):
  """(unit features, filtered frequencies) of vectors: series of one channel."""
  x = np.asarray(x, np.float64)
  f = by_hand.forward({**params["net"], "head": body}, x).f
  frequency = params["frequency"]
  weights = frequency["filter"][0] + 1j * frequency["filter"][1]
  low = np.fft.rfft(np.cos(x), norm="ortho")[:, : len(weights)] * weights[:, 0, 0]
  h = np.concatenate([np.abs(low), np.angle(low)], axis=1)
  padded = np.pad(h, ((0, 0), (1, 1)))
  h = sum(padded[:, i : i + h.shape[1]] * frequency["smooth"][i, 0] for i in range(3))
  h = np.maximum(normed(frequency["norm"], h, 0), 0)
  z = np.concatenate([h, f], axis=1)
  return z / np.linalg.norm(z, axis=1, keepdims=True), low


def missed(decoder, z, low, x):
  x = np.asarray(x, np.float64)
  high = z[:, -decoder["kernel"].shape[0] :] @ decoder["kernel"] + decoder["bias"]
  low = np.fft.irfft(low, n=x.shape[1])
  found = normed(decoder["low"], low, None) + np.maximum(normed(decoder["high"], high, None), 0)
  return np.abs(found - x).sum()


def plan(cost):
  n, m = cost.shape
  v = np.zeros(m)
  for _ in range(50):
    u = -np.log(n) - logsumexp(-cost / EPSILON + v, axis=1)
    v = -np.log(m) - logsumexp(-cost / EPSILON + u[:, None], axis=0)
  return np.exp(-cost / EPSILON + u[:, None] + v)


def test_one_step_equals_the_step_by_hand():
  given = {"weight": WEIGHT, "reconstruct": RECONSTRUCT, "temperature": TEMPERATURE}
  ts, step = by_hand.decided("raincoat", **given, epsilon=EPSILON, iterations=50, modes=2)
  batch, body = by_hand.batch(), central.double(ts.state["head"])

  def parts(params, fixed=None):
    (zs, low_s), (zt, low_t) = (encoded(params, body, x) for x in (batch.xs, batch.xt))
    cost = ((zs[:, None] - zt[None]) ** 2).sum(-1)
    fixed = plan(cost) if fixed is None else fixed
    logits = zs @ params["classifier"]["kernel"] / TEMPERATURE
    errors = [
      missed(params["decoder"], *of) for of in ((zs, low_s, batch.xs), (zt, low_t, batch.xt))
    ]
    found = by_hand.cross_entropy(logits, batch.ys, batch.ws)[0], (fixed * cost).sum(), sum(errors)
    return np.array(found), fixed

  found, fixed = parts(central.double(ts.params))
  total = lambda params: np.dot((1, WEIGHT, RECONSTRUCT), parts(params, fixed)[0])
  grads = central.slopes(total, ts.params)
  after, metrics = step()
  names = ("label_loss", "transport", "missed")
  np.testing.assert_allclose([metrics[n] for n in names], found, rtol=1e-4)
  by_hand.assert_step(ts, after, metrics, grads, total(central.double(ts.params)))
  assert set(ts.params) == {"net", "frequency", "decoder", "classifier"}


@pytest.mark.parametrize(
  ("model", "kind", "shape"), [("cnn1d", "series", (12, 3)), ("gru", "padded_series", (7, 2))]
)
def test_series_are_filtered_channel_by_channel_and_predicted(model, kind, shape):
  net = models.build(model, 2)._replace(kind=kind)
  method = methods.get("raincoat")(net, modes=4)
  x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, *shape)), jnp.float32)
  batch = Batch(x[0], jnp.arange(4) % 2, jnp.ones(4), jnp.ones((4, 1)), x[1])
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  assert params["frequency"]["filter"].shape == (2, 4, shape[1], shape[1])
  step = jax.jit(jax.value_and_grad(method.loss, has_aux=True))
  (loss, (after, _)), grads = step(params, state, batch, jax.random.key(1), 0.5)
  assert jnp.isfinite(loss) and all(jnp.isfinite(g).all() for g in jax.tree.leaves(grads))
  features, logits = jax.jit(method.predict)(params, after, x[1])
  np.testing.assert_allclose(jnp.linalg.norm(features, axis=1), 1, rtol=1e-5)
  assert features.shape == (4, 128 + 8) and logits.shape == (4, 2)
  # Predictions go by the running statistics of the spectrum, not by those of the batch at hand.
  alone = jax.jit(method.predict)(params, after, x[1][:1])[1]
  np.testing.assert_allclose(alone, logits[:1], rtol=1e-4, atol=1e-5)


def test_what_cannot_be_is_refused():
  make, net = methods.get("raincoat"), models.build("mlp", 2)
  with pytest.raises(ValueError, match="choose at least 1 of each"):
    make(net, modes=0)
  tokens = by_hand.batch()._replace(xs=jnp.ones((8, 3), jnp.int32))
  with pytest.raises(ValueError, match="these inputs are tokens"):
    make(net).init(jax.random.key(0), tokens)
