"""CoDATS by hand: one critic of all domains, and class shares that a batch's mean prediction is to have."""

import between_sources
import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.method import Batch
from adapt.methods.codats import divergence, parsed

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.15}
GOLDEN = {"domain_loss": 0.6761916, "label_loss": 0.6551642, "loss": 1.331356}


def weak_by_hand(logits, shares, weak):
  """(KL of the mean prediction from the shares, its gradient by the logits)."""
  p = by_hand.softmax(logits)
  mean = p.mean(0)
  there = shares > 0
  loss = (shares[there] * np.log(shares[there] / mean[there])).sum()
  by_mean = -weak * shares / mean / len(p)
  return loss, by_hand.through_softmax(p, np.broadcast_to(by_mean, p.shape))


@pytest.mark.parametrize(
  ("weight", "weak", "proportions"), [(0.7, 1.0, ""), (0.7, 0.6, "1/3/0"), (0.0, 1.0, "2/1/1")]
)
def test_one_step_equals_the_step_by_hand(weight, weak, proportions):
  ts, step = by_hand.decided("codats", weight=weight, weak=weak, proportions=proportions, depth=0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  domains = np.zeros((2 * n, 4))
  domains[:n, :3], domains[n:, 3] = batch.ds, 1
  f = np.concatenate([source.f, target.f])
  domain_loss, df, critic = between_sources.softmax_critic(
    ts.params["critic"], f, domains, np.ones(2 * n)
  )
  strength = weight * (2 / (1 + np.exp(-10 * 0.4)) - 1)
  total, dt = label_loss + domain_loss, 0.0
  if proportions:
    shares = np.array([float(s) for s in proportions.split("/")])
    weak_loss, dt = weak_by_hand(target.l, shares / shares.sum(), weak)
    assert weak_loss > 0.05
    total += weak * weak_loss
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=-strength * df[:n], dl=dl),
      by_hand.backward(target, df=-strength * df[n:], dl=dt),
    ),
    "critic": critic,
  }
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, grads, total)
  assert ("weak_loss" in metrics) == bool(proportions)


def test_the_critic_has_a_class_for_each_source_and_one_for_the_target():
  x = jnp.ones((4, 2))
  for sources in (1, 3):
    batch = Batch(x, jnp.zeros(4, int), jnp.ones(4), jnp.eye(sources)[jnp.zeros(4, int)], x)
    method = methods.get("codats")(models.build("mlp", 2), width=8)
    params, _ = jax.eval_shape(method.init, jax.random.key(0), batch)
    assert params["critic"]["Dense_2"]["bias"].shape == (sources + 1,)


def test_shares_are_of_the_mean_prediction_and_not_of_each_example():
  logits = 40.0 * jnp.eye(2)  # two sure examples, of one class each
  assert divergence((0.5, 0.5), logits) == pytest.approx(0, abs=1e-6)
  assert divergence((0.75, 0.25), jnp.zeros((3, 2))) == pytest.approx(
    0.75 * np.log(1.5) + 0.25 * np.log(0.5), rel=1e-5
  )


def test_proportions_are_shares_or_counts():
  assert parsed("") == () and parsed("2/1/1") == parsed("0.5/.25/.25") == (0.5, 0.25, 0.25)
  for text in ("2/x", "0/0", "3/-1", "nan/1", "inf/1", "/"):
    with pytest.raises(ValueError, match="give a number for each class, as 2/1/1"):
      parsed(text)
  with pytest.raises(ValueError, match="proportions are of 3 classes, and there are 2"):
    divergence((0.5, 0.25, 0.25), jnp.zeros((4, 2)))


def test_known_shares_pull_predictions_towards_them():
  """Of unlabelled examples that nothing else tells apart."""
  rng = np.random.default_rng(0)
  logits = jnp.asarray(rng.normal(size=(64, 3)), jnp.float32)
  slope = jax.jit(jax.grad(lambda z: divergence((0.6, 0.3, 0.1), z)))
  for _ in range(300):
    logits -= 5 * slope(logits)
  np.testing.assert_allclose(jax.nn.softmax(logits).mean(axis=0), [0.6, 0.3, 0.1], atol=0.02)


def test_only_classes_have_shares():
  net = models.build("mlp", 2)
  assert "values" in methods.get("codats")(net).outputs
  assert methods.get("codats")(net, proportions="1/1").outputs == ("classes",)
