"""Mixup equals the mixed inputs and labels written by hand; partners are of another domain."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import mixup

TOY = {"margin": 0.1, "null": False}
GOLDEN = {"label_loss": 0.6953009, "loss": 0.6953009, "share": 0.3746729}


def drawn(ts, alpha):
  """(share of each example, its partner) of the step that comes next."""
  key = jax.random.fold_in(ts.key, ts.step)
  _, k_share, k_pair = jax.random.split(key, 3)
  shares = np.asarray(jax.random.beta(k_share, alpha, alpha, (3,)), np.float64)
  where = np.asarray(by_hand.batch().ds).argmax(1)
  chances = np.asarray(jax.random.uniform(k_pair, (by_hand.B, by_hand.B)))
  others = np.where(where[:, None] != where, chances, -1)
  return shares[where], others.argmax(1)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("mixup", alpha=0.8)
  batch = by_hand.batch()
  share, other = drawn(ts, 0.8)
  x, y, w = (np.asarray(v) for v in (batch.xs, batch.ys, batch.ws))
  out = by_hand.forward(ts.params["net"], share[:, None] * x + (1 - share[:, None]) * x[other])
  # Twice the rows, as each counts with two labels.
  weights = np.concatenate([share * w, (1 - share) * w[other]])
  labels = np.concatenate([y, y[other]])
  loss, dl = by_hand.cross_entropy(np.concatenate([out.l, out.l]), labels, weights)
  dl = dl[: by_hand.B] + dl[by_hand.B :]
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": by_hand.backward(out, dl=dl)}, loss)


def test_partners_are_of_another_domain_and_all_are_drawn():
  domains = jnp.eye(3)[jnp.asarray([0, 0, 1, 2, 1, 0])]
  draw = jax.vmap(lambda key: mixup.partners(key, domains))
  found = np.asarray(draw(jax.random.split(jax.random.key(0), 300)))
  others = [{2, 3, 4}, {2, 3, 4}, {0, 1, 3, 5}, {0, 1, 2, 4, 5}, {0, 1, 3, 5}, {2, 3, 4}]
  assert [set(column) for column in found.T] == others
  alone = mixup.partners(jax.random.key(0), domains[:2])
  np.testing.assert_array_equal(alone, [0, 1])


def test_tokens_and_a_share_that_is_none_are_refused():
  net = models.build("mlp", by_hand.K)
  tokens = by_hand.batch()._replace(xs=jnp.zeros((by_hand.B, 3), jnp.int32))
  with pytest.raises(ValueError, match="tokens"):
    methods.get("mixup")(net).init(jax.random.key(0), tokens)
  with pytest.raises(ValueError, match="above 0"):
    methods.get("mixup")(net, alpha=0.0)
