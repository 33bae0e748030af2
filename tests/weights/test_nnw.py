"""nnw against a loop over all pairs, with ties."""

import numpy as np
import pytest
from planted import covariate_shift, error

from adapt.weights import nnw as module
from adapt.weights.nnw import counts, nnw


def by_loops(xs, xt):
  total = np.zeros(len(xs))
  for point in xt:
    distance = [((point - x) ** 2).sum() for x in xs]
    nearest = [i for i, d in enumerate(distance) if np.isclose(d, min(distance), atol=1e-9)]
    total[nearest] += 1 / len(nearest)
  return total


@pytest.mark.compares("loops over all pairs")
@pytest.mark.parametrize("kind", ["real", "whole"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_counts_against_loops(kind, dtype):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(30, 3)), rng.normal(size=(50, 3)) + 0.5
  if kind == "whole":  # ties and repeated points in plenty
    xs, xt = rng.integers(0, 3, size=(30, 3)), rng.integers(0, 3, size=(50, 3))
    assert len(np.unique(by_loops(xs, xt) % 1)) > 3
  np.testing.assert_allclose(
    counts(xs.astype(dtype), xt.astype(dtype)), by_loops(xs, xt), rtol=1e-6
  )


@pytest.mark.compares("numbers by hand")
def test_by_hand():
  xs, xt = np.array([[0.0], [1.0], [10.0]]), np.array([[0.1], [0.2], [0.9], [0.5]])
  np.testing.assert_allclose(nnw(xs, None, xt, smoothing=0.0), np.array([2.5, 1.5, 0]) * 3 / 4)
  np.testing.assert_allclose(nnw(xs, None, xt), np.array([3.5, 2.5, 1]) * 3 / 7, rtol=1e-6)


def test_blocks_add_up(monkeypatch):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(300, 2)), rng.normal(size=(2000, 2))
  whole = counts(xs, xt)
  monkeypatch.setattr(module, "_MEBIBYTES", 1)  # 2000 · 300 numbers are 4.6 MiB
  np.testing.assert_allclose(counts(xs, xt), whole, rtol=1e-12)
  assert whole.sum() == pytest.approx(2000)


def test_a_planted_shift_is_weighed_away():
  xs, xt, ratio = covariate_shift(400, 4000)
  w = nnw(xs, None, xt)
  assert error(w, xs) < 0.1 * error(np.ones(400), xs)
  # One cell is noisy, a fortieth of the line is not.
  order = np.argsort(xs[:, 0])
  cells = [v[order].reshape(40, 10).mean(axis=1) for v in (w, ratio)]
  assert np.corrcoef(*cells)[0, 1] > 0.9


def test_a_sample_is_scaled_up():
  xs, xt, _ = covariate_shift(20, 5000)
  whole, some = nnw(xs, None, xt, smoothing=100.0), nnw(xs, None, xt, smoothing=100.0, sample=2500)
  np.testing.assert_allclose(some, whole, atol=0.15)


def test_errors_name_the_remedy():
  x = np.ones((3, 1))
  with pytest.raises(ValueError, match="choose ≥ 0"):
    nnw(x, None, x, smoothing=-1.0)
  with pytest.raises(ValueError, match="give at least 1"):
    nnw(x, None, x[:0])
  with pytest.raises(ValueError, match="clean them"):
    nnw(x, None, x * np.nan)
