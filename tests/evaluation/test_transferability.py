"""Transferability scores beside brute-force forms and scikit-learn."""

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.covariance import ledoit_wolf

from adapt.evaluation import transferability as t

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 60)
F = RNG.normal(size=(60, 5)) + RNG.normal(size=(3, 5))[Y] + 2.0
P = RNG.dirichlet(np.ones(4), 60)


def test_leep_is_the_loop_of_its_paper():
  total = 0.0
  for i in range(60):
    likely = 0.0
    for z in range(4):
      likely += P[Y[i] == Y, z].sum() / P[:, z].sum() * P[i, z]
    total += np.log(likely)
  assert t.leep(P, Y) == pytest.approx(total / 60, abs=1e-10)


def test_leep_of_decisions_is_nce():
  z = P.argmax(axis=1)
  assert t.leep(np.eye(4)[z], Y) == pytest.approx(t.nce(z, Y), abs=1e-10)


def test_nce_is_the_entropy_of_each_source_class():
  z = P.argmax(axis=1)
  each = [(z == k).mean() * stats.entropy(np.bincount(Y[z == k])) for k in range(4)]
  assert t.nce(z, Y) == pytest.approx(-sum(each), abs=1e-10)
  assert t.nce(Y, Y) == 0.0


def evidence(logs, f, y):
  """log p(y) of y ~ N(0, I/β + F Fᵀ/α), per example."""
  alpha, beta = np.exp(logs)
  covariance = np.eye(len(f)) / beta + f @ f.T / alpha
  return stats.multivariate_normal(np.zeros(len(f)), covariance).logpdf(y) / len(f)


@pytest.mark.parametrize("columns", [5, 80])  # fewer, and more, than examples
def test_logme_is_the_greatest_evidence(columns):
  f = np.concatenate([F, RNG.normal(size=(60, 80))], axis=1)[:, :columns]
  found = []
  for k in range(3):
    y = (k == Y).astype(float)
    options = {"xatol": 1e-7, "fatol": 1e-11}
    best = optimize.minimize(
      lambda v, y=y: -evidence(v, f, y), [2.0, 1.0], method="Nelder-Mead", options=options
    )
    found.append(-best.fun)
  assert t.logme(f, Y) == pytest.approx(np.mean(found), abs=1e-5)


def test_logme_of_noise_is_finite_and_below_that_of_signal():
  noise = np.random.default_rng(3).normal(size=F.shape)
  assert np.isfinite(t.logme(noise, Y)) and t.logme(noise, Y) < t.logme(F, Y)
  assert np.isfinite(t.logme(np.zeros_like(F) + 1e-9 * noise, Y))


def test_h_score_is_the_trace_of_its_covariances():
  means = np.stack([F[y == Y].mean(axis=0) for y in Y])
  within = np.cov(F.T, bias=True)
  brute = np.trace(np.linalg.inv(within) @ np.cov(means.T, bias=True))
  assert t.h_score(F, Y) == pytest.approx(brute, abs=1e-8)


def test_shrinkage_h_score_uses_ledoit_and_wolf_s_covariance():
  shrunk, amount = ledoit_wolf(F)
  assert 0 < amount < 1
  ours = t.ledoit_wolf(F - F.mean(axis=0))
  np.testing.assert_allclose(ours[0], shrunk, atol=1e-10)
  means = np.stack([F[y == Y].mean(axis=0) for y in Y])
  brute = (1 - amount) * np.trace(np.linalg.inv(shrunk) @ np.cov(means.T, bias=True))
  assert t.shrinkage_h_score(F, Y) == pytest.approx(brute, abs=1e-8)


def test_transrate_is_a_difference_of_coding_rates():
  z = F - F.mean(axis=0)

  def rate(rows):
    values = np.linalg.eigvalsh(rows.T @ rows / len(rows))
    return np.log1p(np.maximum(values, 0) / 1e-4).sum() / 2

  brute = rate(z) - sum((k == Y).mean() * rate(z[k == Y]) for k in range(3))
  assert t.transrate(F, Y) == pytest.approx(brute, abs=1e-8)
  wide = np.concatenate([F, np.zeros((60, 100))], axis=1)  # nothing more to code
  assert t.transrate(wide, Y) == pytest.approx(brute, abs=1e-6)


@pytest.mark.parametrize("spherical", [True, False])
def test_gbc_is_the_sum_over_ordered_pairs(spherical):
  total = 0.0
  cov = {}
  for k in range(3):
    v = F[k == Y].var(axis=0)
    cov[k] = np.diag(np.full(5, v.mean()) if spherical else v)
  for i in range(3):
    for j in range(3):
      if i == j:
        continue
      apart, both = F[i == Y].mean(axis=0) - F[j == Y].mean(axis=0), (cov[i] + cov[j]) / 2
      ratio = np.linalg.det(both) / np.sqrt(np.linalg.det(cov[i]) * np.linalg.det(cov[j]))
      total -= np.exp(-(apart @ np.linalg.inv(both) @ apart / 8 + np.log(ratio) / 2))
  assert t.gbc(F, Y, spherical=spherical) == pytest.approx(total, abs=1e-8)


def test_labels_move_all_scores():
  """Shuffled labels say less about the features, whatever the score."""
  other = np.random.default_rng(1).permutation(Y)
  for score in (t.logme, t.h_score, t.shrinkage_h_score, t.transrate, t.gbc):
    assert score(F, Y) > score(F, other), score


@pytest.mark.parametrize(
  ("call", "said"),
  [
    (lambda: t.h_score(F, Y[:5]), "give one each"),
    (lambda: t.logme(F, np.zeros(60, int)), "one class"),
    (lambda: t.logme(F * np.nan, Y), "finite"),
    (lambda: t.leep(P * 2, Y), "sum to 1"),
    (lambda: t.transrate(F, Y, epsilon=0.0), "epsilon"),
    (lambda: t.gbc(np.where(Y[:, None] == 0, 0.0, F), Y), "does not vary"),
    (lambda: t.shrinkage_h_score(np.ones((60, 5)), Y), "do not vary"),
  ],
)
def test_bad_input_is_one_line(call, said):
  with pytest.raises(ValueError, match=said):
    call()


# Numbers that the functions of tllib/ranking/ of thuml/Transfer-Learning-Library, at commit
# c4aa59eb565650a552b809411601d0589efbbfe4, gave for these arrays, drawn in this order.
TLLIB = np.random.RandomState(0)
EVEN, UNEVEN = np.repeat([0, 1, 2], 20), np.repeat([0, 1, 2], [10, 20, 30])
FEATURES = TLLIB.normal(size=(60, 5)) + 2 * TLLIB.normal(size=(3, 5))[EVEN] + 1
PREDICTIONS = TLLIB.dirichlet(np.ones(4), 60)
WIDE = TLLIB.normal(size=(60, 80))


@pytest.mark.parametrize(
  ("labels", "leep", "nce", "logme", "h_score", "regularized_h_score"),
  [
    (EVEN, -1.0966855348675904, -1.0895371694, -0.2466129471, 1.5947989041, 1.5659733478),
    (UNEVEN, -1.0033660575555345, -0.9956173076, -0.6107161826, 0.6961062509, 0.6691759193),
  ],
)
def test_scores_are_the_numbers_of_tllib(labels, leep, nce, logme, h_score, regularized_h_score):
  near = {"abs": 1e-6, "rel": 0}
  assert t.leep(PREDICTIONS, labels) == pytest.approx(leep, **near)
  assert t.nce(PREDICTIONS.argmax(axis=1), labels) == pytest.approx(nce, **near)
  assert t.logme(FEATURES, labels) == pytest.approx(logme, **near)
  assert t.h_score(FEATURES, labels) == pytest.approx(h_score, **near)
  # TLlib divides the means' covariance by n − 1, and what it is compared with by n.
  ours = t.shrinkage_h_score(FEATURES, labels)
  assert ours == pytest.approx(regularized_h_score * 59 / 60, **near)


def test_transrate_is_the_number_of_tllib_where_classes_are_equally_large():
  assert t.transrate(FEATURES, EVEN) == pytest.approx(0.7469474251925625, abs=1e-6)
  # TLlib has 0.4440613892 here: it counts a class of 10 as much as one of 30.
  assert t.transrate(FEATURES, UNEVEN) == pytest.approx(0.3847182888, abs=1e-6)


def test_logme_goes_on_where_tllib_stops():
  """TLlib stops after eleven rounds; its rounds continued to a change of 1e-13 end at our number."""
  stopped, converged = -0.8671606213895388, -0.8596975744032135
  assert t.logme(WIDE, EVEN) == pytest.approx(converged, abs=1e-6) and converged > stopped


def test_gbc_of_two_squares_is_its_closed_form():
  """Variances 1 and 4, means 6 apart, d = 2: D = 36 / (8 · 2.5) + d/2 · ln(2.5 / 2)."""
  square = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
  labels = np.repeat([0, 1], 4)
  greater = np.concatenate([square, 2 * square + [6, 0]])
  assert t.gbc(greater, labels) == pytest.approx(-1.6 * np.exp(-1.8), abs=1e-12)
  longer = np.concatenate([square, [2, 1] * square + [6, 0]])
  oblong = t.gbc(longer, labels, spherical=False)
  assert oblong == pytest.approx(-2 * np.exp(-1.8) / np.sqrt(1.25), abs=1e-12)
