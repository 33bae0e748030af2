"""mlls against EM by hand, scipy on the likelihood, and a planted label shift."""

import numpy as np
import pytest
from planted import by_class, label_shift
from scipy.optimize import minimize

from adapt.weights._label_shift import HeldOut, softmax
from adapt.weights.mlls import calibration, expectation_maximisation, mlls

PRIOR = np.array([0.5, 0.3, 0.2])


@pytest.fixture(scope="module")
def posterior():
  """Of 200 examples whose classes are 0.1, 0.2, 0.7, as a model of the source sees them."""
  rng = np.random.default_rng(0)
  y = rng.choice(3, 200, p=[0.1, 0.2, 0.7])
  likelihood = np.exp(np.eye(3)[y] + 0.7 * rng.normal(size=(200, 3)))
  return likelihood * PRIOR / (likelihood @ PRIOR)[:, None]


@pytest.mark.compares("two steps of expectation maximisation by hand")
def test_two_steps_by_hand():
  posterior, prior, q = (
    np.array([[0.9, 0.1], [0.4, 0.6]]),
    np.array([0.5, 0.5]),
    np.array([0.5, 0.5]),
  )
  for _ in range(2):
    new = np.zeros(2)
    for row in posterior:
      joint = [row[k] * q[k] / prior[k] for k in range(2)]
      new += [j / sum(joint) / 2 for j in joint]
    q = new
  np.testing.assert_allclose(expectation_maximisation(posterior, prior, steps=2), q)


@pytest.mark.compares("SciPy's SLSQP on the likelihood")
def test_is_the_maximum_of_the_likelihood(posterior):
  best = minimize(
    lambda q: -np.log((posterior / PRIOR) @ q).mean(),
    PRIOR,
    bounds=[(1e-9, 1)] * 3,
    constraints={"type": "eq", "fun": lambda q: q.sum() - 1},
    method="SLSQP",
    options={"ftol": 1e-14},
  )
  q = expectation_maximisation(posterior, PRIOR)
  np.testing.assert_allclose(q, best.x, atol=1e-4)
  assert q[2] > 0.5


def test_runs_until_it_stands_still(posterior):
  # A twentieth of the evidence: classes overlap, and EM crawls.
  flat = softmax(0.05 * np.log(posterior / PRIOR) + np.log(PRIOR))
  q = expectation_maximisation(flat, PRIOR)
  gradient = ((flat / PRIOR) / ((flat / PRIOR) @ q)[:, None]).mean(axis=0)
  assert gradient.max() < 1 + 1e-4


def test_calibration_finds_scale_and_bias():
  rng = np.random.default_rng(0)
  true = 2.0 * rng.normal(size=(20000, 3))
  labels = (true + rng.gumbel(size=true.shape)).argmax(axis=1)  # drawn from softmax(true)
  bias = np.array([0.5, -0.5, 0.0])
  found = HeldOut((true - bias) * 3.0, labels, np.zeros((1, 1, 3)))
  scale, shift = calibration(found)
  assert scale == pytest.approx(1 / 3, rel=0.05)
  np.testing.assert_allclose(shift - shift.mean(), bias, atol=0.08)
  # The reason for the bias: on the source, the mean prediction is the class frequency.
  mean = softmax(scale * found.source + shift).mean(axis=0)
  np.testing.assert_allclose(mean, np.bincount(labels) / 20000, atol=1e-5)


def test_classes_told_apart_without_error_calibrate():
  labels = np.arange(30) % 3
  scale, shift = calibration(HeldOut(10.0 * np.eye(3)[labels], labels, np.zeros((1, 1, 3))))
  assert 0 < scale <= 100 and np.isfinite(shift).all()


@pytest.mark.compares("a planted shift of classes")
def test_recovers_a_planted_shift():
  xs, ys, xt, true = label_shift()
  np.testing.assert_allclose(by_class(mlls(xs, ys, xt), ys), true, rtol=0.12)


def test_calibration_pays_for_an_overconfident_classifier():
  # Eighty features of noise, hardly regularised: probabilities near 0 and 1.
  xs, ys, xt, true = label_shift(400, 1000, gap=1.5)
  rng = np.random.default_rng(1)
  xs, xt = (np.column_stack([x, rng.normal(size=(len(x), 80))]) for x in (xs, xt))
  wrong = [
    np.abs(by_class(mlls(xs, ys, xt, strength=100.0, calibrate=c), ys) - true).max()
    for c in (True, False)
  ]
  assert wrong[0] < 0.7 * wrong[1]


def test_an_absent_class_goes_to_zero():
  xs, ys, xt, _ = label_shift(after=(0.0, 0.4, 0.6))
  assert by_class(mlls(xs, ys, xt), ys)[0] < 0.1
