"""MixStyle equals mixed maps by hand, a step on vectors is the plain one, and styles tell it no class."""

import by_hand
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import spurious

from adapt import methods, models
from adapt.models.layers import Conv
from adapt.models.linen import as_net
from adapt.training import shared_step

GOLDEN = {"label_loss": 0.5961557, "loss": 0.5961557}


class Small(nn.Module):
  @nn.compact
  def __call__(self, x, train):
    x = nn.relu(Conv(6, 3, 2, name="conv1")(x, train))  # [b, 3, 3, 6] for 8×8
    x = nn.relu(Conv(8, 2, 2, name="conv2")(x, train)).reshape(len(x), -1)
    return x, nn.Dense(2, name="head")(x)


def test_one_step_equals_the_step_by_hand():
  """Of vectors, which have no maps: the risk alone."""
  with pytest.warns(UserWarning, match="leaves vectors"):
    ts, step = by_hand.start("mixstyle")
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": by_hand.backward(out, dl=dl)}, loss)


def images(n, seed, agreement):
  """Bars that lie or stand, on a ground whose brightness tells the class by so much agreement."""
  rng = np.random.default_rng(seed)
  y = rng.integers(0, 2, n)
  bright = np.where(rng.uniform(size=n) < agreement, y, 1 - y)
  x = rng.normal(0, 0.3, (n, 8, 8, 1))
  x[:, 3:5] += np.where(y == 0, 1.0, 0.0)[:, None, None, None]
  x[:, :, 3:5] += np.where(y == 1, 1.0, 0.0)[:, None, None, None]
  x = x * 0.5 + bright[:, None, None, None]
  return x.astype(np.float32), y.astype(np.int32)


def test_maps_of_the_first_stage_are_mixed():
  """The loss is that of the layers written one after the other; the gradient is test_styles'."""
  x, y = (jnp.asarray(v) for v in images(6, 2, 0.5))
  batch = by_hand.batch()._replace(xs=x, ys=y, ws=jnp.arange(1.0, 7), ds=jnp.ones((6, 1)))
  method = methods.get("mixstyle")(as_net(Small()), alpha=0.7, chance=1.0)
  key = jax.random.key(5)

  def expected(params):
    _, mix = jax.random.split(key)
    pair, share, _ = jax.random.split(jax.random.fold_in(mix, 0), 3)
    other = jax.random.permutation(pair, 6)
    own = jax.random.beta(share, 0.7, 0.7, (6,))[:, None, None, None]
    layer = params["net"]
    maps = nn.relu(Conv(6, 3, 2).apply({"params": layer["conv1"]}, x, True))
    fixed = jax.lax.stop_gradient(maps)
    mean = fixed.mean((1, 2), keepdims=True)
    deviation = jnp.sqrt(((fixed - mean) ** 2).sum((1, 2), keepdims=True) / 8 + 1e-6)
    mixed = [own * v + (1 - own) * v[other] for v in (mean, deviation)]
    maps = (maps - mean) / deviation * mixed[1] + mixed[0]
    maps = nn.relu(Conv(8, 2, 2).apply({"params": layer["conv2"]}, maps, True))
    logits = maps.reshape(6, -1) @ layer["head"]["kernel"] + layer["head"]["bias"]
    losses = -jax.nn.log_softmax(logits)[jnp.arange(6), y]
    return (losses * batch.ws).sum() / batch.ws.sum()

  @jax.jit
  def both():
    params, state = method.init(jax.random.key(0), batch)
    return method.loss(params, state, batch, key, 0.5)[0], expected(params)

  found, theirs = both()
  np.testing.assert_allclose(found, theirs, rtol=1e-5)


def test_images_without_stages_and_wrong_numbers_are_refused():
  net = models.build("mlp", 2)
  x, y = images(8, 3, 0.5)
  batch = by_hand.batch()._replace(xs=jnp.asarray(x), ys=jnp.asarray(y))
  method = methods.get("mixstyle")(net)
  params, state = method.init(jax.random.key(0), batch)
  with pytest.raises(ValueError, match="no stage in this network"):
    method.loss(params, state, batch, jax.random.key(1), 0.5)
  for given in ({"alpha": 0.0}, {"chance": 2.0}):
    with pytest.raises(ValueError, match=r"above 0|a share lies"):
      methods.get("mixstyle")(net, **given)


@pytest.mark.adapts("mixstyle")
def test_brightness_that_tells_the_class_in_the_source_is_not_relied_on():
  """In the target it tells the other class, so that who relies on it is always wrong."""
  (x, y), (xt, yt) = (
    map(jnp.asarray, images(n, s, a)) for n, s, a in ((64, 0, 1.0), (200, 1, 0.0))
  )
  batch = by_hand.batch()._replace(xs=x, ys=y, ws=jnp.ones(64), ds=jnp.ones((64, 1)))

  @jax.jit
  @jax.vmap
  def accuracy(chance):
    method = methods.get("mixstyle")(as_net(Small()), chance=chance)
    opt = shared_step.optimizer(spurious.SETTINGS, 0.02)
    ts = shared_step.init(method, opt, jax.random.key(0), batch)
    one = lambda ts, _: (shared_step.step(method, opt, 60, ts, batch)[0], None)
    ts, _ = jax.lax.scan(one, ts, None, 60)
    return (method.predict(ts.params, ts.state, xt)[1].argmax(1) == yt).mean()

  found, null = accuracy(jnp.asarray([1.0, 0.0]))
  assert found > null + 0.5
