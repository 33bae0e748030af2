"""Scaling of vectors."""

import numpy as np
import pytest

from adapt.data import scaling

X = np.random.default_rng(0).normal([3, 200, 7], [1, 50, 0], (400, 3)).astype(np.float32)


def test_columns_get_mean_0_and_deviation_1_and_constants_stay_finite():
  step = scaling.fit([X[:100], X[100:]], "standard")
  found = scaling.scaled(X, step)
  assert found.dtype == np.float32
  np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
  np.testing.assert_allclose(found.std(axis=0), [1, 1, 0], atol=1e-5)
  assert scaling.scaled(X + 1, step)[:, 2] == pytest.approx(1)
  # What float32 makes of 0.1 is no spread.
  constant = scaling.fit([np.full((1000, 1), 0.1, np.float32)], "standard")
  assert constant["width"] == [1.0]


def test_flags_stay_as_they_are():
  step = scaling.fit([X], "standard", [True, False, False])
  np.testing.assert_array_equal(scaling.scaled(X, step)[:, 0], X[:, 0])
  assert scaling.scaled(X, step)[:, 1].std() == pytest.approx(1)


def test_robust_scaling_does_not_mind_outliers():
  spoilt = X.copy()
  spoilt[:20, 1] = 1e9
  step = scaling.fit([spoilt], "robust")
  assert step["width"][1] == pytest.approx(1.35 * 50, rel=0.2)
  mostly = np.float32([[0]] * 9 + [[4]])
  assert scaling.fit([mostly], "robust")["width"] == [pytest.approx(1.2)]


def test_bags_of_words_are_counts_and_pictures_are_not():
  generator = np.random.default_rng(0)
  bags = generator.poisson(0.05, (50, 100)).astype(np.float32)
  assert scaling.is_counts([bags])
  assert not scaling.is_counts([bags[:, :10]])
  assert not scaling.is_counts([bags, bags - 1])
  assert not scaling.is_counts([bags / 2])
  assert not scaling.is_counts([generator.integers(0, 3, (50, 100)).astype(np.float32)])


def test_unknown_scalings_are_refused():
  with pytest.raises(ValueError, match=r"unknown scale 'standart' \(did you mean standard\?\)"):
    scaling.check("standart")


def test_what_is_far_from_the_sources_stays_within_reach():
  """A column that is nearly constant in the sources is no thousand deviations away in the target."""
  nearly = np.zeros((400, 2), np.float32)
  nearly[0, 0] = 1e-3
  step = scaling.fit([nearly], "standard")
  far = np.full((4, 2), 16, np.float32)
  found = scaling.scaled(far, step)
  assert found[0, 0] == pytest.approx(scaling.FARTHEST + 12.7, abs=0.1) and found[0, 1] == 16
  assert scaling.beyond(far, step) == 0.5 and scaling.beyond(nearly, step) < 0.01
