"""`adapt.Adapted` keeps scikit-learn's protocol."""

import jax
import numpy as np
import pytest
import toy
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import adapt

XS, YS = toy.MOONS.train.x[:300], toy.MOONS.train.y[:300]
XT = toy.TURNED.train.x[:300]
X = np.concatenate([XS, XT])
Y = np.concatenate([YS, np.full(300, -1)])
DOMAIN = np.concatenate([np.ones(300), -np.ones(300)])


def estimator(**changed):
  return adapt.Adapted("dann", steps=20, width=8, depth=1, evaluations=1, **changed)


@pytest.fixture
def compilations():
  """Names of what is compiled from here on, one after the other."""
  found = []

  def listen(event, seconds, **_):
    if event == "/jax/core/compile/backend_compile_duration":
      found.append(event)

  jax.monitoring.register_event_duration_secs_listener(listen)
  yield found
  jax.monitoring.unregister_event_duration_listener(listen)


def test_domains_come_by_sample_domain_by_mask_or_apart():
  ways = [
    estimator().fit(X, Y, sample_domain=DOMAIN),
    estimator().fit(X, Y),
    estimator().fit(XS, YS, Xt=XT),
  ]
  digests = [way.fitted_.record["parameters"] for way in ways]
  assert digests[0] == digests[1] == digests[2]
  spoilt = np.where(DOMAIN > 0, Y, 1)
  own = estimator().fit(X, spoilt, sample_domain=DOMAIN)
  assert own.fitted_.record["parameters"] == digests[0]  # target labels are not read


def test_each_number_of_a_positive_domain_is_a_source():
  domain = np.where(DOMAIN > 0, np.arange(600) % 2 + 1, -2)
  own = adapt.Adapted("mdan", steps=4, width=8, depth=1).fit(X, Y, sample_domain=domain)
  assert len(own.fitted_.record["config"]["source"]) == 2


def test_parameters_are_read_set_and_cloned():
  own = estimator(weight=0.3)
  assert own.get_params()["weight"] == 0.3
  copy = clone(own).set_params(weight=0.5, seed=1)
  assert copy.get_params() == {**own.get_params(), "weight": 0.5, "seed": 1}
  assert own.get_params()["weight"] == 0.3


def test_labels_come_back_and_masked_rows_do_not_count():
  names = np.where(Y < 0, None, np.where(Y == 1, "yes", "no"))
  own = estimator().fit(X, names)
  assert list(own.classes_) == ["no", "yes"] and set(own.predict(XT)) <= {"no", "yes"}
  assert own.score(X, names) == pytest.approx((own.predict(XS) == names[:300]).mean())
  assert own.transform(XT).shape[0] == 300


def test_a_second_fit_of_equal_shapes_compiles_nothing(compilations):
  estimator().fit(X, Y, sample_domain=DOMAIN)
  compilations.clear()
  estimator(weight=0.25).fit(X, Y, sample_domain=DOMAIN)
  assert not compilations


def test_a_grid_search_over_weight_compiles_once(compilations):
  grid = GridSearchCV(estimator(), {"weight": [0.1, 1.0]}, cv=3, refit=False)
  estimator().fit(X[:400], Y[:400] * 0 + np.where(np.arange(400) < 200, YS[:400].max(), -1))
  compilations.clear()
  grid.fit(X, Y, sample_domain=DOMAIN)
  first = len(compilations)
  assert len(grid.cv_results_["mean_test_score"]) == 2
  compilations.clear()
  grid.fit(X, Y, sample_domain=DOMAIN)
  assert not compilations and first < 40


def test_pipelines_and_cross_validation_work():
  pipe = make_pipeline(StandardScaler(), estimator())
  assert len(cross_val_score(pipe, X, Y, cv=3)) == 3
  pipe.fit(X, Y, adapted__sample_domain=DOMAIN)
  assert set(pipe.predict(XT)) <= {0, 1}


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"y": YS[:5]}, "X has 300 rows and y 5"),
    ({"y": YS}, "no target rows"),
    ({"y": YS, "Xt": XT, "sample_domain": np.ones(300)}, "give one"),
    ({"y": np.full(300, -1)}, "no source rows"),
  ],
)
def test_what_is_no_pair_is_one_line(given, message):
  with pytest.raises(ValueError, match=message):
    estimator().fit(XS, **given)
