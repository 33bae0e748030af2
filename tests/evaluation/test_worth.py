"""The probability of a gain: a penalised logistic regression, written without its arrays."""

import numpy as np
import pytest

from adapt.evaluation import worth

RNG = np.random.default_rng(0)


def test_it_is_a_penalised_logistic_regression():
  from sklearn.linear_model import LogisticRegression

  x = RNG.normal(size=(80, 2))
  y = (x[:, 0] + RNG.normal(size=80) > 0).astype(float)
  z = (x - x.mean(axis=0)) / x.std(axis=0)
  theirs = LogisticRegression(C=1.0, tol=1e-10).fit(z, y).predict_proba(z)[:, 1]
  made = worth.fit(x, y, 3)
  np.testing.assert_allclose(worth.probability(made, x), theirs, atol=2e-3)
  assert (made.pairs, made.gained, made.groups) == (80, y.sum(), 3)


def test_features_are_in_the_order_of_their_names():
  found = dict(zip(worth.NAMES, worth.features(1.5, 0.6, 0.9, 10), strict=True))
  assert found == pytest.approx(
    {"proxy_a_distance": 1.5, "expected": 0.6, "lost": 0.3, "log_classes": np.log(10)}
  )
