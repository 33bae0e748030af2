"""BSP equals its paper written by hand: DANN's or CDAN's step, and the leading directions shrunk."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.bsp import spectrum

# After 480 steps the gain is 0.10 to 0.13, by the processor; after 640 it is past doubt.
TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.12, "steps": 640}
GOLDEN = {
  "domain_loss": 0.7535363,
  "label_loss": 0.655286,
  "loss": 1.422922,
  "spectral_loss": 140.9995,
}

B = by_hand.B


def leading(f, rank):
  """(Σ σ², gradient) from the eigenvectors of fᵀf instead of a singular value decomposition."""
  values, vectors = np.linalg.eigh(f.T @ f)
  top = vectors[:, -rank:]
  return values[-rank:].sum(), 2 * f @ top @ top.T


@pytest.mark.parametrize("rank", [1, 2])
def test_one_step_equals_the_step_by_hand(rank):
  ts, step = by_hand.start("bsp", weight=0.7, penalty=0.01, rank=rank, depth=0)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  domain_loss, df, critic = by_hand.linear_critic(
    ts.params["critic"],
    np.concatenate([source.f, target.f]),
    np.repeat([1.0, 0.0], B),
    np.full(2 * B, 1 / (2 * B)),
  )
  df = -0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1) * df
  (first, ds), (second, dt) = (leading(o.f, rank) for o in (source, target))
  grads = by_hand.added(
    by_hand.backward(source, df=df[:B] + 0.7 * 0.01 * ds, dl=dl),
    by_hand.backward(target, df=df[B:] + 0.7 * 0.01 * dt),
  )
  loss = label_loss + domain_loss + 0.7 * 0.01 * (first + second)
  by_hand.assert_step(ts, *step(), {"net": grads, "critic": critic}, loss)


def test_on_cdan_it_is_cdan_with_entropy_weights_and_the_penalty():
  given = {"weight": 0.7, "width": 8, "depth": 1}
  (ts, step), (_, alone) = (
    by_hand.start("bsp", on="cdan", penalty=0.01, **given),
    by_hand.start("cdan", entropy=True, **given),
  )
  (_, metrics), (_, plain) = step(), alone()
  # Both draw the network from the same part of the key, the critic from different ones.
  assert metrics["label_loss"] == plain["label_loss"]
  critic = ts.params["critic"]["Dense_0"]["kernel"]
  assert critic.shape == (100 * by_hand.K, 8)
  total = metrics["label_loss"] + metrics["domain_loss"] + 0.007 * metrics["spectral_loss"]
  np.testing.assert_allclose(metrics["loss"], total, rtol=1e-6)


def test_the_whole_spectrum_is_the_squared_frobenius_norm():
  f = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))
  np.testing.assert_allclose(spectrum(f, 3), (f**2).sum(), rtol=1e-5)
  np.testing.assert_allclose(spectrum(f, 2), leading(np.asarray(f), 2)[0], rtol=1e-5)


@pytest.mark.parametrize(
  ("given", "message"), [({"rank": 0}, "choose at least 1"), ({"on": "jan"}, "choose dann or cdan")]
)
def test_bad_choices_are_refused(given, message):
  with pytest.raises(ValueError, match=message):
    methods.get("bsp")(models.build("mlp", 2), **given)
