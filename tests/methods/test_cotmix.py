"""CoTMix by hand: views mixed over time, and two contrastive losses of logits."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models
from adapt.method import Batch
from adapt.methods.cotmix import averaged, contrastive, mixed

TOY = {"margin": 0.04}
GOLDEN = {
  "entropy_loss": 0.6693144,
  "label_loss": 0.6046737,
  "loss": 0.9896654,
  "source_loss": 1.000263,
  "target_loss": 2.514998,
}

RNG = np.random.default_rng(0)


def log_shares(near):
  """Log of the softmax over all but the example itself."""
  near = near.copy()
  np.fill_diagonal(near, -np.inf)
  return near - np.log(np.exp(near).sum(1, keepdims=True))


def of_source(plain, views, ys, temperature):
  """As its authors write it: mean over positives, times the temperature."""
  z, groups = np.concatenate([plain, views]), np.tile(ys, 2)
  log_p, total = log_shares(z @ z.T / temperature), 0.0
  for i in range(len(z)):
    others = [j for j in range(len(z)) if j != i and groups[j] == groups[i]]
    total -= temperature * log_p[i, others].mean()
  return total / len(z)


def of_target(plain, views, temperature):
  """NT-Xent, of cosines: an example's positive is its view, and the reverse."""
  z = np.concatenate([plain, views])
  z = z / np.linalg.norm(z, axis=1, keepdims=True)
  log_p, n = log_shares(z @ z.T / temperature), len(plain)
  return -np.mean([log_p[i, (i + n) % (2 * n)] for i in range(2 * n)])


def test_one_step_equals_the_step_by_hand():
  given = {"weight": 0.4, "entropy_weight": 0.3, "share": 0.7, "temperature": 0.5}
  ts, step = by_hand.decided("cotmix", **given)
  batch = by_hand.batch()
  xs, xt = (np.asarray(x, np.float64) for x in (batch.xs, batch.xt))

  def parts(net):
    views = (xs, xt, 0.7 * xs + 0.3 * xt, 0.7 * xt + 0.3 * xs)
    ls, lt, vs, vt = (by_hand.forward(net, x).l for x in views)
    p = by_hand.softmax(lt)
    return (
      by_hand.cross_entropy(ls, batch.ys, batch.ws)[0],
      -(p * np.log(p)).sum(1).mean(),
      of_source(ls, vs, np.asarray(batch.ys), 0.5),
      of_target(lt, vt, 0.5),
    )

  total = lambda net: np.dot((1, 0.3, 0.4, 0.4), parts(net))
  grads = {"net": central.slopes(total, ts.params["net"])}
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, grads, total(ts.params["net"]))
  names = ("label_loss", "entropy_loss", "source_loss", "target_loss")
  np.testing.assert_allclose([metrics[n] for n in names], parts(ts.params["net"]), rtol=1e-4)


@pytest.mark.parametrize("span", [2, 5, 14, 22])
def test_the_average_is_that_of_rolled_series(span):
  x = RNG.normal(size=(2, 9, 3))
  half = span // 2
  rolled = np.mean([np.roll(x, -i, axis=1) for i in range(-half, half)], axis=0)
  np.testing.assert_allclose(averaged(jnp.asarray(x, jnp.float32), span), rolled, atol=1e-5)


def test_series_are_averaged_and_other_inputs_are_not():
  own, other = jnp.asarray(RNG.normal(size=(2, 2, 8, 3)), jnp.float32)
  for kind, rest in (("series", averaged(other, 4)), ("image", other), ("", other)):
    expected = 0.8 * own + 0.2 * rest
    np.testing.assert_allclose(mixed(own, other, 0.8, 4, kind), expected, rtol=1e-6)
  np.testing.assert_allclose(mixed(own, other, 0.8, 1, "series"), 0.8 * own + 0.2 * other)


def test_padding_stays_where_it_is():
  real = (np.arange(8)[:, None] < np.array([5, 8])[:, None, None]).astype(np.float32)
  own = jnp.asarray(np.concatenate([RNG.normal(size=(2, 8, 2)) * real, real], 2), jnp.float32)
  found = mixed(own, own[::-1], 0.8, 4, "padded_series")
  np.testing.assert_array_equal(found[:, :, 2], own[:, :, 2])
  assert (found[0, 5:] == 0).all() and (found[1, 5:, :2] != 0).all()


def test_series_reach_a_network_of_series():
  x = jnp.asarray(RNG.normal(size=(2, 4, 20, 3)), jnp.float32)
  y = jnp.arange(4) % 2
  batch = Batch(x[0], y, jnp.ones(4), jnp.ones((4, 1)), x[1])
  made = {}
  for span in (0, 14):
    method = methods.get("cotmix")(models.build("cnn1d", 2)._replace(kind="series"), around=span)
    params, state = jax.jit(method.init)(jax.random.key(0), batch)
    made[span] = jax.jit(method.loss)(params, state, batch, jax.random.key(1), 0.5)[1][1]
  assert abs(made[0]["target_loss"] - made[14]["target_loss"]) > 1e-4
  assert made[0]["entropy_loss"] == made[14]["entropy_loss"]


def test_only_groups_attract():
  z = 9 * jnp.asarray([[1.0, 0], [1, 0], [0, 1], [0, 1]])
  assert contrastive(z, jnp.array([0, 0, 1, 1]), 1.0) < 1e-3
  assert contrastive(z, jnp.array([0, 1, 0, 1]), 1.0) > 5


def test_what_cannot_be_mixed_is_refused():
  make, net = methods.get("cotmix"), models.build("mlp", by_hand.K)
  with pytest.raises(ValueError, match="around is -1: choose a number of steps"):
    make(net, around=-1)
  tokens = by_hand.batch()._replace(xs=jnp.ones((8, 3), jnp.int32))
  with pytest.raises(ValueError, match="these inputs are tokens"):
    make(net).init(jax.random.key(0), tokens)
