"""discriminator against the known density ratio of two Gaussians."""

import numpy as np
import pytest

from adapt.weights.discriminator import discriminator


def gaussians(n, m, d, shift):
  """Source N(0, I), target N(shift·e_1, I), and log p_t/p_s at the source examples."""
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(n, d)), rng.normal(size=(m, d))
  xt[:, 0] += shift
  return xs, xt, shift * xs[:, 0] - shift**2 / 2


@pytest.mark.compares("the true ratio of two Gaussians")
def test_recovers_the_true_ratio():
  xs, xt, log_ratio = gaussians(1500, 500, 2, 0.8)
  w = discriminator(xs, None, xt, clip=1000.0)
  ratio = np.exp(log_ratio)
  assert np.corrcoef(w, ratio)[0, 1] > 0.98
  # In units too, and with unequal sizes: the slope of the log ratio is the shift.
  slope = np.polyfit(xs[:, 0], np.log(w), 1)[0]
  assert slope == pytest.approx(0.8, abs=0.15)


def test_clip_holds_after_normalising():
  xs, xt, _ = gaussians(400, 400, 2, 2.5)
  w = discriminator(xs, None, xt, clip=3.0)
  assert w.max() <= 3.0 * (1 + 1e-6)
  assert (w > 2.999).sum() > 10
  assert w.mean() == pytest.approx(1.0, abs=1e-6)


def test_more_features_than_examples_do_not_saturate():
  # In-sample scores separate both pairs perfectly; held out, the first pair teaches nothing.
  xs, xt, _ = gaussians(120, 120, 400, 0.0)
  assert discriminator(xs, None, xt) == pytest.approx(1.0, abs=0.5)
  xs, xt, _ = gaussians(120, 120, 400, 4.0)
  w = discriminator(xs, None, xt)
  assert 0.2 < w.sum() ** 2 / (w @ w) / len(w) < 0.95
  assert (w * xs[:, 0]).mean() > xs[:, 0].mean() + 0.1


def test_a_classifier_no_better_than_chance_weighs_nothing():
  x = np.random.default_rng(0).normal(size=(40, 200))
  np.testing.assert_array_equal(discriminator(x, None, x), 1.0)


def test_errors_name_the_remedy():
  xs, xt, _ = gaussians(10, 4, 2, 1.0)
  with pytest.raises(ValueError, match="at least 1"):
    discriminator(xs, None, xt, clip=0.5)
  with pytest.raises(ValueError, match="from 2 to 4"):
    discriminator(xs, None, xt, folds=5)
