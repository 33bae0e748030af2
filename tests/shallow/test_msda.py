"""The denoising autoencoder's closed form against sampled corruption and against its definition."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.shallow import msda


def counts(n, d=5, seed=0):
  return np.random.default_rng(seed).poisson(1.0, (n, d)).astype(np.float32)


def test_a_layer_is_least_squares_on_many_corrupted_copies():
  x = counts(30)
  rng = np.random.default_rng(1)
  copies = np.tile(x, (40_000, 1))
  kept = copies * (rng.random(copies.shape) < 0.7)
  design = np.hstack([kept, np.ones((len(kept), 1), np.float32)]).astype(np.float64)
  w = np.linalg.solve(design.T @ design, design.T @ copies)  # [d + 1, d]
  hidden = np.tanh(np.hstack([x, np.ones((30, 1))]) @ w)
  found = msda.encoder(x, noise=0.3, layers=1)(x)
  np.testing.assert_array_equal(found[:, :5], x)
  np.testing.assert_allclose(found[:, 5:], hidden, atol=6e-3)


def test_without_noise_a_layer_rebuilds_its_input():
  x = counts(30)
  found = msda.encoder(x, noise=0.0, layers=1)(x)
  np.testing.assert_allclose(found[:, 5:], np.tanh(x), atol=1e-5)


def test_layers_are_stacked():
  x = counts(30)
  first = msda.encoder(x, 0.5, 1)(x)[:, 5:]
  second = msda.encoder(first, 0.5, 1)(first)[:, 5:]
  found = msda.encoder(x, 0.5, 2)(x)
  np.testing.assert_allclose(found, np.hstack([x, first, second]), atol=1e-5)


def test_a_feature_that_never_occurs_and_several_blocks():
  x = counts(30)
  x[:, 2] = 0
  encode = msda.encoder(x)
  many = counts(2100)
  found = encode(many)
  assert found.shape == (2100, 30) and found.dtype == np.float32 and np.isfinite(found).all()
  np.testing.assert_allclose(found[-1:], encode(many[-1:]), atol=1e-6)


def test_domains():
  splits = [Split(counts(n, seed=n), np.zeros(n, np.int32)) for n in (20, 8, 30, 9)]
  source = Domain("a", *splits[:2], ("k",))
  target = Domain("b", splits[2], splits[3]._replace(y=None), ("k",))
  first, second = msda.encoded(source, target, layers=1)
  assert (first.name, second.name) == ("a_msda_with_b", "b_msda_with_a")
  assert [s.x.shape for s in (*first[1:3], *second[1:3])] == [(n, 10) for n in (20, 8, 30, 9)]
  assert second.test.y is None and first.train.y is source.train.y
  encode = msda.encoder(np.concatenate([source.train.x, target.train.x]), layers=1)
  np.testing.assert_array_equal(second.test.x, encode(target.test.x))


@pytest.mark.parametrize("wrong", [{"noise": 1.0}, {"noise": -0.1}, {"layers": 0}])
def test_refuses(wrong):
  with pytest.raises(ValueError, match="choose 0 ≤ noise < 1"):
    msda.encoder(counts(5), **wrong)
