"""DSN by hand: shared and private features, which are unlike, and from whose sum the input is found."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.dsn import likeness, off

TOY = {"given": {"width": 32, "hidden": 32, "weight": 1.0}, "margin": 0.1}
GOLDEN = {
  "domain_loss": 0.7113095,
  "label_loss": 0.6706982,
  "likeness": 0.640624,
  "loss": 1.445353,
  "missed": 1.529828,
}

WEIGHT, RECONSTRUCT, DIFFERENCE = 0.6, 0.3, 0.4


def off_by_hand(errors):
  """As the paper has it: mean squares, less the squared sum over k²."""
  k = errors.shape[1]
  return np.mean([(e @ e) / k - e.sum() ** 2 / k**2 for e in errors])


def likeness_by_hand(private, shared):
  parts = []
  for f in (private, shared):
    f = f - f.mean(0)
    parts.append(f / np.linalg.norm(f, axis=1, keepdims=True))
  return ((parts[0].T @ parts[1]) ** 2).mean()


def test_one_step_equals_the_step_by_hand():
  given = {"weight": WEIGHT, "reconstruct": RECONSTRUCT, "difference": DIFFERENCE}
  ts, step = by_hand.decided("dsn", **given, depth=0, hidden=0)
  batch, n = by_hand.batch(), by_hand.B
  xs = {"source": batch.xs, "target": batch.xt}

  def features(params):
    return {k: by_hand.forward(params["net"], x) for k, x in xs.items()}

  def others(params):
    """(reconstruction, likeness) of both domains."""
    found, layer = np.zeros(2), params["decoder"]["Dense_0"]
    for name, shared in features(params).items():
      private = by_hand.forward({**params[name], "head": params["net"]["head"]}, xs[name]).f
      made = (shared.f + private) @ layer["kernel"] + layer["bias"]
      found += off_by_hand(made - np.asarray(xs[name])), likeness_by_hand(private, shared.f)
    return found

  params = central.double(ts.params)
  total = lambda p: np.dot((RECONSTRUCT, DIFFERENCE), others(p))
  grads = central.slopes(total, {k: v for k, v in params.items() if k != "critic"})
  source, target = features(params).values()
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  z = np.concatenate([source.f, target.f])
  domain_loss, df, grads["critic"] = by_hand.linear_critic(
    ts.params["critic"], z, np.repeat([1.0, 0.0], n), np.full(2 * n, WEIGHT / (2 * n))
  )
  domain_loss, df = domain_loss / WEIGHT, -df
  grads["net"] = by_hand.added(
    grads["net"], by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:])
  )
  after, metrics = step()
  found = [metrics[m] for m in ("label_loss", "domain_loss", "missed", "likeness")]
  np.testing.assert_allclose(found, [label_loss, domain_loss, *others(params)], rtol=1e-4)
  by_hand.assert_step(ts, after, metrics, grads, label_loss + WEIGHT * domain_loss + total(params))


def test_a_constant_error_is_free_and_private_features_are_centred():
  assert off(jnp.full((2, 5), 3.0)) == pytest.approx(0, abs=1e-5)
  rng = np.random.default_rng(0)
  private, shared = jnp.asarray(rng.normal(size=(2, 40, 3)), jnp.float32)
  np.testing.assert_allclose(
    likeness(private + 9, shared - 5), likeness(private, shared), rtol=1e-2
  )
  assert likeness(private, private) > 10 * likeness(private, shared)


def test_only_the_shared_features_predict():
  method = methods.get("dsn")(models.build("mlp", by_hand.K), width=8, hidden=8)
  params, state = jax.jit(method.init)(jax.random.key(0), by_hand.batch())
  kernels = [params[name]["hidden"]["kernel"] for name in ("source", "target")]
  assert np.abs(kernels[0] - kernels[1]).max() > 0.01  # the encoders do not start alike
  _, logits = method.predict(params, state, by_hand.batch().xt)
  expected = by_hand.forward(params["net"], by_hand.batch().xt).l
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


def test_images_of_bytes_are_found_again_between_minus_1_and_1():
  batch = by_hand.batch()
  x = jnp.asarray(np.random.default_rng(0).integers(0, 256, (8, 6, 6, 1)), jnp.uint8)
  net = models.build("mlp", by_hand.K)
  flat = net._replace(
    init=lambda key, x: net.init(key, x.reshape(len(x), -1) / 255),
    apply=lambda p, s, x, *rest, **named: net.apply(
      p, s, x.reshape(len(x), -1) / 255, *rest, **named
    ),
  )
  method = methods.get("dsn")(flat, width=8, hidden=8)
  batch = batch._replace(xs=x, xt=x)
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  _, (_, metrics) = jax.jit(method.loss)(params, state, batch, jax.random.key(1), 0.5)
  assert 0 < metrics["missed"] < 10


def test_what_cannot_be_is_refused():
  make, net = methods.get("dsn"), models.build("mlp", 2)
  with pytest.raises(ValueError, match="hidden is -1: choose 0"):
    make(net, hidden=-1)
  tokens = by_hand.batch()._replace(xs=jnp.ones((8, 3), jnp.int32))
  with pytest.raises(ValueError, match="these inputs are tokens"):
    make(net).init(jax.random.key(0), tokens)
