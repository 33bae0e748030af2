"""MMD as a validator against a loop over pairs."""

import numpy as np
import pytest

from adapt.validators.mmd import score

RNG = np.random.default_rng(0)
FS, FT = RNG.normal(size=(12, 3)), RNG.normal(size=(9, 3)) + 0.7


def by_hand(fs, ft):
  both = np.concatenate([fs, ft])
  pairs = [((a - b) ** 2).sum() for a in both for b in both]
  spread = np.mean(pairs)  # over all ordered pairs, the diagonal's zeros too

  def mean(x, y):
    total = 0.0
    for a in x:
      for b in y:
        for multiple in (0.25, 0.5, 1, 2, 4):
          total += np.exp(-((a - b) ** 2).sum() / (multiple * spread)) / 5
    return total / (len(x) * len(y))

  return -(mean(fs, fs) + mean(ft, ft) - 2 * mean(fs, ft))


def scored(fs, ft):
  return float(score(fs.astype(np.float32), ft.astype(np.float32)))


@pytest.mark.compares("a loop over pairs")
def test_mmd_over_pairs():
  assert scored(FS, FT) == pytest.approx(by_hand(FS, FT), rel=1e-4)


def test_it_knows_no_unit_and_prefers_near_domains():
  assert scored(100 * FS, 100 * FT) == pytest.approx(scored(FS, FT), rel=1e-4)
  assert scored(FS, FT + 2) < scored(FS, FT) < scored(FS, FS) == pytest.approx(0, abs=1e-6)


def test_constant_features_are_no_error():
  assert scored(0 * FS, 0 * FT) == pytest.approx(0, abs=1e-6)
