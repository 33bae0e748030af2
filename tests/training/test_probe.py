"""What is probed of all cells at once against the validators' functions, cell by cell."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import outputs as outputs_of
from adapt.evaluation import cells
from adapt.training import probe
from adapt.validators import (
  _clusters,
  _mixtures,
  _risk,
  class_silhouette,
  dev,
  iwcv,
  mixval,
  mmd,
  snd,
)

CELLS, N, M, D, K, BLOCK = 2, 14, 11, 3, 4, 6  # blocks are cut, and the last one padded
RNG = np.random.default_rng(0)
W = jnp.asarray(RNG.normal(size=(CELLS, D, K)), jnp.float32)
XS, XT = (RNG.normal(size=(n, D)).astype(np.float32) for n in (N, M))
YS = RNG.integers(0, K - 1, N).astype(np.int32)


@jax.jit
def outputs(w, x):
  """A network of one layer whose features are the inputs' squares; class K - 1 never occurs."""
  one = lambda w, x: (x**2, (x @ w).at[:, -1].set(-1e30))
  return cells.over_cells(one)(w, x)


def cut(values):
  padded = np.concatenate([values, np.full((BLOCK, *values.shape[1:]), 7, values.dtype)])
  return [jnp.asarray(padded[i : i + BLOCK]) for i in range(0, len(values), BLOCK)]


def probed(xs, ys, xt, sizes):
  def made(blocks):
    return [outputs(W, jnp.broadcast_to(x, (CELLS, *x.shape))) for x in blocks]

  return jax.device_get(
    probe.probed(outputs, W, made(cut(xs)), cut(ys), made(cut(xt)), cut(xt), sizes)
  )


FOUND = probed(XS, YS, XT, (N, M))


@jax.jit
def of_one(w):
  both = lambda x: jax.tree.map(lambda v: v[0], outputs(w[None], x[None]))
  (fs, ls), (ft, lt) = both(XS), both(XT)
  predicted = lt.argmax(axis=1)
  which = _clusters.clustered(ft, jax.nn.one_hot(predicted, K))
  weights = jnp.exp(_risk.cross_fitted(fs, ft))
  losses = -jnp.log(jax.nn.softmax(ls)[np.arange(N), YS])
  partner, paired = _mixtures.partners(predicted)
  of_mixture = both(0.55 * XT + 0.45 * jnp.asarray(XT)[partner])[1].argmax(axis=1)
  return {
    "snd": snd.score(lt),
    "iwcv": iwcv.score(weights, losses),
    "dev": dev.score(weights, losses),
    "mmd": mmd.score(fs, ft),
    "class_silhouette": class_silhouette.score(ft, which),
    "class_ami": jnp.eye(K)[predicted].T @ which,
    "ema_agreement": predicted,
    "mixval": mixval.score(predicted, of_mixture, paired),
  }


@pytest.mark.parametrize("cell", range(CELLS))
def test_every_number_is_its_function_s_on_the_whole(cell):
  expected = jax.device_get(of_one(W[cell]))
  assert set(FOUND) == set(expected)
  for name, value in expected.items():
    np.testing.assert_allclose(FOUND[name][cell], value, rtol=1e-3, atol=1e-5, err_msg=name)
  assert 0 < FOUND["mixval"][cell] < 1


def test_cells_differ_and_a_class_that_cannot_be_predicted_does_no_harm():
  for name, values in FOUND.items():
    assert np.isfinite(values).all(), name
  assert (FOUND["ema_agreement"][0] != FOUND["ema_agreement"][1]).any()
  assert FOUND["ema_agreement"].max() < K - 1


def test_risks_of_values_by_hand_with_the_loss_that_they_are_trained_with():
  ys = np.random.default_rng(1).normal(size=(N, K)).astype(np.float32)
  fs, ft = (np.tile(x, (CELLS, 1, 1)) for x in (XS, XT))
  ls, lt = (np.asarray(x @ W, np.float32) for x in (fs, ft))
  blocks = [[(jnp.asarray(f), jnp.asarray(out))] for f, out in ((fs, ls), (ft, lt))]
  huber = outputs_of.bind("values", loss="huber", delta=0.7).key
  found = probe.probed(outputs, W, blocks[0], [ys], blocks[1], [XT], (N, M), huber)
  assert set(found) == {"dev", "iwcv", "mmd"}
  w = np.exp(np.asarray(_risk.cross_fitted(XS, XT), np.float64))
  apart = np.abs(ls.astype(np.float64) - ys)
  loss = np.where(apart < 0.7, apart**2 / 2, 0.7 * (apart - 0.35)).mean(axis=2)
  np.testing.assert_allclose(found["iwcv"], -(w * loss).sum(axis=1) / w.sum(), rtol=1e-4)
  eta = np.array([-np.cov(w * own, w)[0, 1] / w.var(ddof=1) for own in loss])
  expected = -((w * loss).mean(axis=1) + eta * (w.mean() - 1))
  np.testing.assert_allclose(found["dev"], expected, rtol=1e-3, atol=1e-5)


def test_padding_and_what_is_not_shown_change_nothing():
  more = np.concatenate([XT, 9 + 0 * XT[:2]])  # in the last block, behind the examples that count
  again = probed(XS, YS, more, (N, M))
  for name, values in FOUND.items():
    np.testing.assert_array_equal(again[name], values, err_msg=name)


def test_there_is_no_mixval_of_token_ids():
  ids = RNG.integers(0, 9, (M, D)).astype(np.int32)
  found = probed(XS.round().astype(np.int32), YS, ids, (N, M))
  assert set(FOUND) - set(found) == {"mixval"}
