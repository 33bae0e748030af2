"""The classifiers of shallow features against scikit-learn used directly, and the published SURF rows."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.svm import SVC

from adapt import data
from adapt.shallow import classifier, machines, transforms

NONE = transforms.none(None, None)


@pytest.fixture(scope="module")
def task():
  """Three overlapping classes; a target that is scaled and shifted."""
  rng = np.random.default_rng(0)
  ys, y = np.arange(60) % 3, np.arange(90) % 3
  centres = rng.normal(size=(3, 4))
  xs = centres[ys] + rng.normal(size=(60, 4))
  x = 1.5 * (centres[y] + rng.normal(size=(90, 4))) + 0.5
  return xs, ys, x


@pytest.mark.parametrize(("kind", "gamma"), [("linear", "scale"), ("rbf", 1 / 4)])
def test_svm_is_scikit_learn_s_with_the_c_of_two_folds(task, kind, gamma):
  xs, ys, x = task
  folds = StratifiedKFold(2, shuffle=True, random_state=3)
  machine = SVC(kernel=kind, gamma=gamma, max_iter=100_000)
  search = GridSearchCV(machine, {"C": list(machines.CHOICES)}, cv=folds).fit(xs, ys)
  found = classifier.fit(kind, NONE, xs, ys, 3)
  assert found.c == search.best_params_["C"]
  np.testing.assert_array_equal(found.predict(x), search.predict(x))


def test_the_first_of_equal_choices():
  ys = np.arange(12) % 2
  assert classifier.fit("linear", NONE, 100.0 * ys[:, None], ys, 0).c == machines.CHOICES[0]


def test_what_is_classified_is_mapped(task):
  xs, ys, x = task
  a, b = np.random.default_rng(1).normal(size=(2, 4, 2))
  maps = transforms.Maps(lambda x: x @ a, lambda x: x @ b)
  found = classifier.fit("linear", maps, xs, ys, 0)
  expected = SVC(kernel="linear", C=found.c).fit(xs @ a, ys).predict(x @ b)
  np.testing.assert_array_equal(found.predict(x), expected)


def test_similarity_maps_one_side_only(task):
  xs, ys, x = task
  a, b = np.random.default_rng(1).normal(size=(2, 4, 4))
  maps = transforms.Maps(lambda x: x @ a, lambda x: x @ b)
  found = classifier.fit("similarity", maps, xs, ys, 0)
  matrix = a @ b.T  # the papers' M: source examples i, any other examples j, x_i M x_j
  machine = SVC(kernel="precomputed", C=found.c, shrinking=False).fit(xs @ matrix @ xs.T, ys)
  np.testing.assert_array_equal(found.predict(x), machine.predict((xs @ matrix @ x.T).T))
  other = classifier.fit("linear", maps, xs, ys, 0).predict(x)
  assert (found.predict(x) != other).any()


def test_nearest_neighbour(task):
  xs, ys, x = task
  found = classifier.fit("nn", NONE, xs, ys, 0)
  nearest = [int(((xs - one) ** 2).sum(1).argmin()) for one in x]
  assert found.c is None
  np.testing.assert_array_equal(found.predict(x), ys[nearest])


def test_a_weight_multiplies_c(task, monkeypatch):
  xs, ys, x = task
  monkeypatch.setattr(machines, "CHOICES", (0.1,))
  weights = np.where(np.arange(60) < 30, 2.0, 0.5)
  found = classifier.fit("linear", NONE, xs, ys, 0, weights)
  machine = SVC(kernel="linear", C=0.1).fit(xs, ys, sample_weight=weights)
  np.testing.assert_array_equal(found.predict(x), machine.predict(x))
  plain = classifier.fit("linear", NONE, xs, ys, 0)
  assert (plain.predict(x) != found.predict(x)).any()


def test_targets_come_in_blocks(task, monkeypatch):
  xs, ys, x = task
  machine = classifier.fit("rbf", NONE, xs, ys, 0)
  whole = machine.predict(x)
  monkeypatch.setattr(classifier, "_ROWS", 7)
  np.testing.assert_array_equal(machine.predict(x), whole)


def test_refuses(task):
  xs, ys, _ = task
  with pytest.raises(ValueError, match="unknown classifier 'forest'"):
    classifier.fit("forest", NONE, xs, ys, 0)
  with pytest.raises(ValueError, match="take no weights"):
    classifier.fit("nn", NONE, xs, ys, 0, np.ones(60))
  with pytest.raises(ValueError, match="one source example"):
    classifier.fit("linear", NONE, xs[:4], ys[:4], 0)


@pytest.mark.parametrize(
  ("transform", "given", "kind", "published"),
  [
    ("none", {}, "nn", "63.4"),
    ("none", {}, "rbf", "52.5"),
    ("sa", {"dim": 10}, "similarity", "65.1"),
    ("coral", {}, "similarity", "84.7"),
  ],
)
def test_published_rows_of_dslr_to_webcam(transform, given, kind, published):
  """Sun et al. (2016), Table 3, and for the neighbours Wang's benchmark: exact, as printed."""
  try:
    source, target = (data.load(f"office_caltech10_surf_{d}").train for d in ("dslr", "webcam"))
  except ValueError as error:
    pytest.skip(str(error))
  maps = transforms.get(transform)(source.x, target.x, **given)
  predicted = classifier.fit(kind, maps, source.x, source.y, 0).predict(target.x)
  assert f"{100 * (predicted == target.y).mean():.1f}" == published
