"""Private training: clipping by example by hand, noise of the stated size, ε, and what is refused."""

import logging

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy
from scipy import optimize, stats

from adapt import methods, models, tuning, weights
from adapt.experiments.run import run
from adapt.training import dp_sgd, shared_step
from adapt.training.devices import Layout
from adapt.training.dp_sgd import Privacy


def stepped(privacy, name="source_only", secret=5):
  """(state before, after, metrics) of one private step of a method on by_hand's MLP."""
  method = methods.get(name)(models.build("mlp", by_hand.K))
  opt = shared_step.optimizer(by_hand.SETTINGS, by_hand.SETTINGS.lr)
  ts = shared_step.init(method, opt, jax.random.key(3), by_hand.batch())
  gradient = dp_sgd.gradient(privacy, jax.random.key(secret))
  after, metrics = jax.jit(
    lambda ts: shared_step.step(method, opt, 10, ts, by_hand.batch(), gradient=gradient)
  )(ts)
  return ts, after, metrics


def test_the_gradient_is_the_mean_of_each_example_s_clipped_one():
  clip = 3.5
  ts, after, metrics = stepped(Privacy(1e-9, clip))
  batch, total, losses, lengths = by_hand.batch(), None, [], []
  for i in range(by_hand.B):
    out = by_hand.forward(ts.params["net"], batch.xs[i : i + 1])
    loss, dl = by_hand.cross_entropy(out.l, batch.ys[i : i + 1])
    grads = by_hand.backward(out, dl=dl)
    lengths.append(np.sqrt(sum((g**2).sum() for g in jax.tree.leaves(grads))))
    clipped = jax.tree.map(lambda g: g * min(1, clip / lengths[-1]) / by_hand.B, grads)
    total = clipped if total is None else by_hand.added(total, clipped)
    losses.append(loss)
  assert min(lengths) < clip < max(lengths)  # both cases are there
  by_hand.assert_step(ts, after, metrics, {"net": total}, np.mean(losses))


def flat(params):
  return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(params)])


def test_noise_has_the_stated_size_and_is_new_at_each_step_and_with_each_secret():
  noise, clip = 4.0, 0.5
  quiet, loud = stepped(Privacy(1e-9, clip)), stepped(Privacy(noise, clip))
  moved = [flat(after.params) for _, after, _ in (quiet, loud)]
  # A first Nesterov step of rate lr moves by lr · (1 + momentum) times the gradient.
  per_gradient = by_hand.SETTINGS.lr * (1 + by_hand.SETTINGS.momentum)
  found = np.std(moved[1] - moved[0]) / per_gradient
  np.testing.assert_allclose(found, noise * clip / by_hand.B, rtol=0.1)
  _, other, _ = stepped(Privacy(noise, clip), secret=6)
  assert abs(np.corrcoef(moved[1] - moved[0], flat(other.params) - moved[0])[0, 1]) < 0.2


def test_noise_is_new_at_each_step():
  method = methods.get("source_only")(models.build("mlp", by_hand.K))
  params, state = method.init(jax.random.key(0), by_hand.batch())
  draw = dp_sgd.gradient(Privacy(100.0, 1.0), jax.random.key(5))

  def noise(key):
    _, grads = draw(lambda p, b, k: method.loss(p, state, b, k, 0.0), params, by_hand.batch(), key)
    return flat(grads)

  first, second = (noise(jax.random.key(i)) for i in range(2))
  assert abs(np.corrcoef(first, second)[0, 1]) < 0.2
  np.testing.assert_array_equal(first, noise(jax.random.key(0)))


def test_no_two_secrets_are_alike():
  words = jax.random.key_data(dp_sgd.unguessable(50))
  assert len({tuple(w) for w in words.tolist()}) == 50


def test_epsilon_agrees_with_the_gaussian_mechanism_s_own():
  # 1000 examples in batches of 100: 25 steps are 3 passes, a Gaussian mechanism of noise σ / √3.
  pytest.importorskip("dp_accounting")
  spent = dp_sgd.spent(Privacy(2.0, 1.0, 1e-5), 1000, 100, 25)
  mu = np.sqrt(3) / 2.0

  def delta(epsilon):  # Balle & Wang (2018, arXiv:1805.06530), theorem 8
    first, second = -epsilon / mu + mu / 2, -epsilon / mu - mu / 2
    return stats.norm.cdf(first) - np.exp(epsilon) * stats.norm.cdf(second)

  exact = optimize.brentq(lambda e: delta(e) - 1e-5, 0.01, 50)
  assert exact <= spent["epsilon"] <= 1.15 * exact  # Rényi accounting bounds it, closely
  assert 0 < spent["epsilon_poisson"] < spent["epsilon"]


def test_orders_that_the_accountant_leaves_out_are_not_the_reader_s_business(caplog):
  pytest.importorskip("dp_accounting")
  spent = dp_sgd.spent(Privacy(1.0, 1.0), 240, 64, 60)
  assert spent["epsilon_poisson"] > 0 and not caplog.records
  logging.getLogger("absl").warning("of another matter")
  assert "of another matter" in caplog.text


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("noise=1", "write --dp"),
    ("noise=a,clip=1", "write --dp"),
    ("noise=0,clip=1", "above 0"),
    ("noise=1,clip=inf", "above 0"),
    ("noise=1e-200,clip=1", "from 1e-9"),
    ("noise=1,clip=1,delta=1", "delta between 0 and 1"),
    ("noise=nan,clip=1", "above 0"),
    ("noise=1e308,clip=1", "from 1e-9 to 1e4"),
    ("noise=1_0,clip=1", "write --dp"),
  ],
)
def test_what_is_not_understood_is_refused(text, message):
  with pytest.raises(ValueError, match=message):
    dp_sgd.parsed(text)


def test_text_is_read():
  assert dp_sgd.parsed("") is None
  assert dp_sgd.parsed("noise=1.5,clip=2") == Privacy(1.5, 2.0, 1e-5)


@pytest.mark.parametrize(
  ("method", "changes", "message"),
  [
    ("coral", {}, "belongs to one example alone.*source_only"),
    ("source_only", {"weighting": weights.bind("kmm")}, "computed from the private examples"),
    ("source_only", {"layout": Layout("pmap", 8)}, "--parallel sharding"),
    ("shot", {"start": "scratch"}, "leaves shot nothing private"),
    ("fine_tune", {"tuning": tuning.bind("delta")}, "learns from whole batches"),
  ],
)
def test_what_would_not_be_private_is_refused(method, changes, message):
  with pytest.raises(ValueError, match=message):
    toy.experiment(method, dp=Privacy(1.0, 1.0), **changes)


def test_batch_statistics_are_refused(tmp_path):
  asked = toy.experiment("source_only", dp=Privacy(1.0, 1.0), model="normed")
  with pytest.raises(ValueError, match="mixes examples"):
    run(asked, tmp_path, domains=toy.load)


def test_what_cannot_be_accounted_for_is_refused_before_training(tmp_path):
  pytest.importorskip("dp_accounting")
  few = toy.experiment("fine_tune", dp=Privacy(1.0, 1.0), shots=2)
  with pytest.raises(ValueError, match="with 4 private examples: --batch-size 4 or less"):
    run(few, tmp_path, domains=toy.load)
  with pytest.raises(ValueError, match=r"choose delta below 0\.003"):
    run(toy.experiment("source_only", dp=Privacy(1.0, 1.0, 0.5)), tmp_path, domains=toy.load)
  assert not list(tmp_path.rglob("*.*"))


def test_whose_privacy_a_method_keeps():
  kinds = {n: methods.traits(n, {}) for n in ("source_only", "shot", "fine_tune", "dann")}
  kept = {n: dp_sgd.protected(kind, kind.starts) for n, kind in kinds.items()}
  assert kept == {
    "source_only": ("source",),
    "shot": ("source",),
    "fine_tune": ("source", "labelled"),
    "dann": (),
  }


def test_shot_adapts_a_private_source_model(tmp_path):
  """The source model is the private one: another noise, another start; and the record says so."""
  pytest.importorskip("dp_accounting")
  records = {
    noise: run(
      toy.experiment("shot", dp=Privacy(noise, 1.0), steps=4, evaluations=2, seeds=(0,)),
      tmp_path / str(noise),
      domains=toy.load,
    ).records[0]
    for noise in (1.0, 8.0)
  }
  first, second = (r["curves"]["loss"][0][0] for r in records.values())
  assert first != second
  assert records[1.0]["privacy"]["source"]["epsilon"] > records[8.0]["privacy"]["source"]["epsilon"]
  assert records[1.0]["label"] == "shot+dp-clip=1.0-noise=1.0-pseudo=0.03"
  made = (tmp_path / "1.0" / "toy" / "moons_turned").glob("*.json")
  assert {p.stem for p in made} == {
    "shot+dp-clip=1.0-noise=1.0-pseudo=0.03",
    "source_only+dp-clip=1.0-noise=1.0",
  }
  assert jnp.isfinite(first)
