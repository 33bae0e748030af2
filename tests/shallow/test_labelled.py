"""feda against explicit copies of features, tradaboost against its algorithm written out."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from adapt.shallow import machines
from adapt.shallow.feda import feda, source_and_target
from adapt.shallow.tradaboost import tradaboost


@pytest.fixture(scope="module")
def pair():
  """Two classes whose boundary turns between the domains: 60 source, 20 labelled target, 200 new."""
  rng = np.random.default_rng(0)

  def drawn(n, turned):
    x = rng.normal(size=(n, 4))
    return x, (x[:, 0] + turned * x[:, 1] + 0.3 * rng.normal(size=n) > 0).astype(int)

  return drawn(60, 0.0), drawn(20, 1.5), drawn(200, 1.5)


def chosen(x, y, seed):
  folds = StratifiedKFold(2, shuffle=True, random_state=seed)
  search = GridSearchCV(SVC(kernel="linear"), {"C": list(machines.CHOICES)}, cv=folds)
  return search.fit(x, y)


def test_feda_is_an_svm_on_copies_of_the_features(pair):
  (xs, ys), (xl, yl), (x, _) = pair
  source = np.hstack([xs, xs, 0 * xs])
  target, new = (np.hstack([a, 0 * a, a]) for a in (xl, x))
  expected = chosen(np.concatenate([source, target]), np.concatenate([ys, yl]), 3).predict(new)
  np.testing.assert_array_equal(feda(xs, ys, xl, yl, seed=3)(x), expected)
  pooled = chosen(np.concatenate([xs, xl]), np.concatenate([ys, yl]), 3).predict(x)
  np.testing.assert_array_equal(source_and_target(xs, ys, xl, yl, seed=3)(x), pooled)
  assert (expected != pooled).any()


def test_tradaboost_is_its_algorithm(pair):
  (xs, ys), (xl, yl), (x, _) = pair
  n, rounds = len(xs), 5
  both, labels = np.concatenate([xs, xl]), np.concatenate([ys, yl])
  c = chosen(both, labels, 0).best_params_["C"]
  beta = 1 / (1 + np.sqrt(2 * np.log(n) / rounds))
  w, said, betas = np.ones(len(both)), [], []
  for _ in range(rounds):
    made = SVC(C=c, kernel="linear").fit(both, labels, sample_weight=w / w.sum() * len(w))
    wrong = made.predict(both) != labels
    error = (w[n:] * wrong[n:]).sum() / w[n:].sum()
    error = min(max(error, 1e-6), 0.499)  # the paper asks for less than a half
    betas.append(error / (1 - error))
    w = np.r_[w[:n] * np.where(wrong[:n], beta, 1), w[n:] * np.where(wrong[n:], 1 / betas[-1], 1)]
    said.append(made.predict(x))
  late = range(int(np.ceil(rounds / 2)) - 1, rounds)  # t from ⌈N/2⌉ on, counted from 1
  left = np.prod([betas[t] ** -said[t].astype(float) for t in late], 0)
  expected = (left >= np.prod([betas[t] ** -0.5 for t in late])).astype(int)
  found = tradaboost(xs, ys, xl, yl, rounds=rounds)(x)
  np.testing.assert_array_equal(found, expected)
  assert (found != said[0]).any() and min(betas) < 0.9


def test_labelled_targets_help(pair):
  (xs, ys), (xl, yl), (x, y) = pair
  alone = chosen(xs, ys, 0).predict(x)
  for method in (feda, tradaboost):
    assert (method(xs, ys, xl, yl)(x) == y).mean() > (alone == y).mean() + 0.05


def test_a_learner_without_an_error_has_a_finite_vote(pair):
  (xs, ys), (xl, _), (x, _) = pair
  same = chosen(xs, ys, 0).predict(xl)
  assert set(tradaboost(xs, ys, xl, same)(x)) <= {0, 1}
  with pytest.raises(ValueError, match="rounds is 0"):
    tradaboost(xs, ys, xl, same, rounds=0)
