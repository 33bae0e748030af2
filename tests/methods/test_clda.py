"""CLDA equals its code written by hand: contrast of probabilities, by class and by view."""

from unittest import mock

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from normed_by_hand import double, slopes

from adapt import methods, models
from adapt.augment import weak_and_strong
from adapt.methods import clda

# Target labels are a part of its gain. Cosines at a temperature of 0.05 amplify rounding.
TOY = {"amplified": 0.0001, "margin": 0.15, "null": False}
GOLDEN = {"class_loss": 1.093786, "label_loss": 5.50845, "loss": 20.14875, "view_loss": 3.386628}

N, K = by_hand.B, by_hand.K
rng = np.random.default_rng(3)


def contrast_by_hand(one, two, softness):
  """NT-Xent of inner products: each row of both sides names its partner among all others."""
  every, losses = np.concatenate([one, two]), []
  for i in range(len(every)):
    alike = every @ every[i] / softness
    others = np.delete(alike, i)
    losses.append(np.log(np.exp(others).sum()) - alike[(i + len(one)) % len(every)])
  return np.mean(losses)


def test_contrast_leaves_out_what_is_not_there():
  one, two = rng.uniform(size=(2, 6, 4))
  there = np.array([True, False, True, True, False, True])
  found = clda.contrast(*map(jnp.float32, (one, two)), jnp.array(there), 0.3)
  np.testing.assert_allclose(found, contrast_by_hand(one[there], two[there], 0.3), rtol=1e-5)
  alone = jnp.arange(6) == 2
  for few in (alone, jnp.zeros(6, bool)):  # nothing to tell it from
    assert clda.contrast(*map(jnp.float32, (one, two)), few, 0.3) == 0


def probabilities(params, x, temperature):
  f = by_hand.forward(params, x).f
  u = f / np.linalg.norm(f, axis=1, keepdims=True)
  logits = u @ params["head"]["kernel"] / temperature
  return by_hand.softmax(logits), logits


GIVEN = {"weight": 0.7, "instance": 3.0, "softness": 0.5, "temperature": 0.4, "decay": 0.2}


def stepped(means):
  """A step from those moving means, and what it is of: (before, after, metrics, views)."""
  ts, step = by_hand.decided("clda", **GIVEN)
  ts = ts._replace(state={**ts.state, "means": jnp.asarray(means, jnp.float32)})
  batch, key = by_hand.batch(), jax.random.fold_in(ts.key, ts.step)
  strong = weak_and_strong.strong(jax.random.split(key, 5)[1], batch.xt, 0.2)
  return ts, *step(ts), (batch.xs, batch.xl, batch.xt, strong)


@pytest.mark.parametrize("seen", [(0, 1, 2), (0, 1), ()])
def test_one_step_equals_the_step_by_hand(seen):
  means = np.zeros((K, K))
  means[list(seen)] = by_hand.softmax(rng.normal(size=(len(seen), K)))
  ts, after, metrics, views = stepped(means)
  batch = by_hand.batch()
  x = np.concatenate(views)
  ws, ys = np.concatenate([batch.ws, np.ones(N)]), np.concatenate([batch.ys, batch.yl])
  before, _ = probabilities(double(ts.params["net"]), x, 0.4)
  predicted = before[2 * N : 3 * N].argmax(1)
  assert len(set(predicted)) > 1
  both = sorted(set(predicted) & set(seen))

  def parts(params):
    p, logits = probabilities(params["net"], x, 0.4)
    label_loss, _ = by_hand.cross_entropy(logits[: 2 * N], ys, ws)
    view_loss = contrast_by_hand(
      before[2 * N : 3 * N], p[3 * N :], 0.5
    )  # the weak view is constant
    own = np.array([p[2 * N : 3 * N][predicted == c].mean(0) for c in both])
    class_loss = contrast_by_hand(own, means[both], 0.5) if both else 0.0
    return label_loss, class_loss, view_loss

  def loss(params):
    label_loss, class_loss, view_loss = parts(params)
    return label_loss + 0.7 * (class_loss + 3 * view_loss)

  by_hand.assert_step(ts, after, metrics, slopes(loss, ts.params), loss(double(ts.params)))
  found = [metrics[name] for name in ("label_loss", "class_loss", "view_loss")]
  np.testing.assert_allclose(found, parts(double(ts.params)), rtol=1e-4, atol=1e-6)
  expected = means.copy()
  for c in set(np.asarray(batch.ys)):
    new = before[:N][np.asarray(batch.ys) == c].mean(0)  # of the source alone
    expected[c] = 0.2 * means[c] + 0.8 * new if c in seen else new
  np.testing.assert_allclose(after.state["means"], expected, rtol=1e-4, atol=1e-6)


def test_a_class_that_the_source_batch_lacks_keeps_its_mean():
  ts, step = by_hand.decided("clda")
  means = jnp.full((K, K), 1 / K)
  ts = ts._replace(state={**ts.state, "means": means})
  batch = by_hand.batch()
  after, _ = step(ts, batch._replace(ys=jnp.minimum(batch.ys, 1)))
  np.testing.assert_array_equal(after.state["means"][2], means[2])
  assert (after.state["means"][:2] != means[:2]).any(axis=1).all()


def test_all_views_share_one_pass_and_predictions_are_cosines():
  net = models.build("mlp", K)
  passes = mock.Mock(wraps=net.apply)
  method = methods.get("clda")(net._replace(apply=passes), temperature=0.4)
  batch = by_hand.batch()
  params, state = method.init(jax.random.key(0), batch)
  passes.reset_mock()
  method.loss(params, state, batch, jax.random.key(1), 0.5)
  assert [len(call.args[2]) for call in passes.call_args_list] == [4 * N]
  _, logits = method.predict(params, state, batch.xt)
  expected = probabilities(double(params["net"]), batch.xt, 0.4)[1]
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


def test_tokens_and_a_share_that_is_none_are_refused():
  net = models.build("mlp", K)
  tokens = by_hand.batch()._replace(xt=jnp.zeros((N, 3), jnp.int32))
  with pytest.raises(ValueError, match="tokens"):
    methods.get("clda")(net).init(jax.random.key(0), tokens)
  with pytest.raises(ValueError, match="decay"):
    methods.get("clda")(net, decay=2.0)
