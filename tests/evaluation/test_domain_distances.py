"""Distances between domains beside brute-force forms and scikit-learn."""

import numpy as np
import pytest
from scipy import linalg
from sklearn.linear_model import RidgeClassifier

from adapt.evaluation import domain_distances as d

RNG = np.random.default_rng(0)
XS = RNG.normal(size=(80, 6))
XT = RNG.normal(size=(40, 6)) @ np.diag([1, 1, 2, 1, 1, 0.5]) + 0.6
SAME = RNG.normal(size=(40, 6))


@pytest.mark.parametrize("columns", [6, 150])  # fewer, and more, than examples
def test_the_linear_classifier_is_scikit_learn_s_balanced_ridge(columns):
  x = RNG.normal(size=(120, columns))
  x[:80, 0] += 1
  sign = np.repeat([1.0, -1.0], [80, 40])
  ours = d._linear_scores(x, sign, x[::3], 0.7)
  theirs = RidgeClassifier(alpha=0.7, class_weight="balanced").fit(x, sign)
  np.testing.assert_allclose(ours, theirs.decision_function(x[::3]), atol=1e-5)


def test_proxy_a_distance_counts_each_domain_s_errors():
  x = np.concatenate([XS, XT])
  x = (x - x.mean(axis=0)) / x.std(axis=0)
  sign = np.repeat([1.0, -1.0], [80, 40])
  rng = np.random.default_rng(0)
  fold = np.concatenate([rng.permutation(n) % 4 for n in (80, 40)])
  wrong = np.empty(120)
  for k in range(4):
    fit = fold != k
    model = RidgeClassifier(alpha=fit.sum() / 1000, class_weight="balanced")
    wrong[~fit] = model.fit(x[fit], sign[fit]).predict(x[~fit]) != sign[~fit]
  error = (wrong[:80].mean() + wrong[80:].mean()) / 2
  assert 0 < error < 0.5
  assert d.proxy_a_distance(XS, XT, folds=4) == pytest.approx(2 * (1 - 2 * error), abs=1e-5)


def test_proxy_a_distance_at_its_ends():
  assert d.proxy_a_distance(XS, XS + 50) == 2.0
  assert d.proxy_a_distance(XS, SAME) < 0.4 < d.proxy_a_distance(XS, XT)


def brute_mmd2(xs, xt, sigma):
  def mean(a, b, same):
    each = [
      np.exp(-((p - q) ** 2).sum() / (2 * sigma**2))
      for i, p in enumerate(a)
      for j, q in enumerate(b)
      if not (same and i == j)
    ]
    return np.mean(each)

  return mean(xs, xs, True) + mean(xt, xt, True) - 2 * mean(xs, xt, False)


def test_mmd_is_the_unbiased_mean_over_pairs():
  found = d.mmd(XS, XT, permutations=0)
  x = np.concatenate([XS, XT])
  pairs = [np.linalg.norm(x[i] - x[j]) for i in range(120) for j in range(i)]
  assert found.bandwidth == pytest.approx(np.median(pairs), abs=1e-8)
  assert d.median_bandwidth(XS, XT) == pytest.approx(found.bandwidth, abs=1e-8)
  assert found.mmd2 == pytest.approx(brute_mmd2(XS, XT, found.bandwidth), abs=1e-8)
  assert found.p_value == 1.0


def test_the_p_value_counts_relabellings_as_far_apart():
  xs, xt = XS[:9], XT[:7]
  found = d.mmd(xs, xt, permutations=50, seed=3)
  x, rng, as_far = np.concatenate([xs, xt]), np.random.default_rng(3), 0
  for _ in range(50):
    order = rng.permutation(16)
    first = np.isin(np.arange(16), order[:9])
    as_far += brute_mmd2(x[first], x[~first], found.bandwidth) >= found.mmd2 - 1e-12
  assert 0 < as_far < 50
  assert found.p_value == pytest.approx((1 + as_far) / 51)


def test_p_values_are_uniform_where_nothing_differs():
  rng = np.random.default_rng(0)
  found = [
    d.mmd(rng.normal(size=(20, 2)), rng.normal(size=(15, 2)), permutations=99, seed=k).p_value
    for k in range(200)
  ]
  assert 0.01 <= np.mean(np.array(found) <= 0.05) <= 0.1
  assert d.mmd(XS, XT).p_value == 0.001


def test_copies_of_one_example_are_no_shift():
  found = d.mmd(np.zeros((5, 2)), np.zeros((4, 2)), permutations=9)
  assert found.mmd2 == pytest.approx(0.0) and found.p_value == 1.0


def test_frechet_distance_is_the_form_with_a_matrix_root():
  a, b = np.cov(XS.T), np.cov(XT.T)
  root = linalg.sqrtm(a @ b).real
  brute = ((XS.mean(0) - XT.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root)
  assert d.frechet_distance(XS, XT) == pytest.approx(brute, abs=1e-6)
  assert d.frechet_distance(XS[:4], XS[:4]) == pytest.approx(0, abs=1e-5)  # without full rank


def test_coral_distance_is_of_covariances_alone():
  brute = ((np.cov(XS.T) - np.cov(XT.T)) ** 2).sum() / (4 * 36)
  assert d.coral_distance(XS, XT) == pytest.approx(brute, abs=1e-10)
  assert d.coral_distance(XS, XS + 9) == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
  "distance", [d.proxy_a_distance, d.mmd, d.frechet_distance, d.coral_distance]
)
def test_bad_input_is_one_line(distance):
  with pytest.raises(ValueError, match=r"give \[n, d\] twice"):
    distance(XS, XT[:, :3])
  with pytest.raises(ValueError, match="give at least"):
    distance(XS, XT[:1])
