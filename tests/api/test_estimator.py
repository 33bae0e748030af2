"""`adapt.Adapted` keeps scikit-learn's protocol."""

import jax
import numpy as np
import pytest
import toy
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
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
  with pytest.warns(UserWarning, match="300 rows of the target have labels"):
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


def regressor(**changed):
  return adapt.AdaptedRegressor("dann", steps=60, width=8, depth=1, evaluations=1, **changed)


_GRID = {"adaptedregressor__weight": [0.1, 1.0]}
VALUES = np.where(DOMAIN > 0, 50 + 3 * X[:, 0] - X[:, 1], np.nan)


def test_a_regressor_predicts_in_the_labels_unit_and_scores_r2():
  own = regressor().fit(X, VALUES)
  found = own.predict(XS)
  assert found.shape == (300,) and own.score(X, VALUES) > 0.8
  assert own.score(X, VALUES) == pytest.approx(r2_score(VALUES[:300], found))
  weight = np.arange(600) < 10
  assert own.score(X, VALUES, sample_weight=weight) == pytest.approx(
    r2_score(VALUES[:10], found[:10])
  )
  assert not is_classifier(own) and is_regressor(own)


def test_a_value_of_minus_one_is_not_masked():
  values = np.where(DOMAIN > 0, np.arange(600) % 2 * 4.0 - 1, np.nan)
  scale = regressor().fit(X, values).fitted_.record["output"]["mean"]
  assert scale == pytest.approx([1], abs=0.3)  # 3 without the rows of -1


def test_a_regressor_goes_into_grids_and_pipelines():
  grid = GridSearchCV(
    make_pipeline(StandardScaler(), regressor()), _GRID, cv=KFold(2, shuffle=True)
  )
  grid.fit(X, VALUES)
  assert grid.best_score_ == max(grid.cv_results_["mean_test_score"])
  assert grid.predict(XT).shape == (300,)


def uneven(rows):
  """A series of its own length from each row."""
  return [np.outer(np.ones(3 + i % 3), row).astype(np.float32) for i, row in enumerate(rows)]


def test_series_of_several_lengths_are_rows_like_others():
  some = slice(270, 330)  # half source, half target
  x, y, xt = uneven(X[some]), Y[some], uneven(XT[:30])
  own = estimator(model="mlp").fit(x, y)
  found = own.predict(xt)
  assert len(found) == 30 and own.transform(xt).shape == (30, 100)
  assert list(own.predict(xt[:1])) == list(found[:1])
  assert own.score(x, y) == pytest.approx((own.predict(x[:30]) == y[:30]).mean())
  apart = estimator(model="mlp").fit(x[:30], y[:30], Xt=xt)
  assert apart.fitted_.record["parameters"] == own.fitted_.record["parameters"]


def test_the_columns_of_frames_are_matched_by_name():
  pd = pytest.importorskip("pandas")
  xs, xt = (pd.DataFrame(x, columns=["a", "b"]) for x in (XS, XT))
  apart = {"steps": 60, "width": 8, "depth": 1, "evaluations": 1, "lr": 0.1}
  own = adapt.Adapted("source_only", steps=60, evaluations=1, lr=0.1).fit(xs, YS, Xt=xt)
  turned = adapt.Adapted("source_only", steps=60, evaluations=1, lr=0.1).fit(
    xs, YS, Xt=xt[["b", "a"]]
  )
  assert list(own.feature_names_in_) == ["a", "b"] and own.n_features_in_ == 2
  for other in (own.predict_proba(xt[["b", "a"]]), turned.predict_proba(xt), own.predict_proba(XT)):
    np.testing.assert_allclose(other, own.predict_proba(xt), atol=1e-6)
  joined = adapt.Adapted("dann", **apart).fit(pd.concat([xs, xt]), Y, sample_domain=DOMAIN)
  assert joined.predict(xt).shape == (300,)
  with pytest.raises(ValueError, match="lacks the columns 'b'"):
    own.predict(xt[["a"]])


def test_predictions_follow_the_decision():
  own = estimator(decision=0.1).fit(XS, YS, Xt=XT)
  plain = own.classes_[own.predict_proba(XT).argmax(axis=1)]
  found = own.predict(XT, sample_domain=-np.ones(300))
  assert (found == own.fitted_.predict(XT)).all() and found.sum() > plain.sum()


def test_minus_one_beside_one_is_a_class():
  signs = 2 * YS - 1
  for own in (
    estimator().fit(XS, signs, Xt=XT),
    estimator().fit(X, np.r_[signs, np.full(300, -1)], sample_domain=DOMAIN),
  ):
    assert own.classes_.tolist() == [-1, 1]
    assert own.score(XS, signs) == pytest.approx((own.predict(XS) == signs).mean())
  with pytest.raises(ValueError, match="source rows have masked labels"):
    estimator().fit(X, np.r_[-1, Y[1:]], sample_domain=DOMAIN)


def test_a_search_with_masked_labels_does_not_see_the_target():
  grid = {"lr": [0.1, 1e-9]}
  own = adapt.Adapted("source_only", steps=60, evaluations=1)
  search = GridSearchCV(own, grid, cv=KFold(2, shuffle=True, random_state=0))
  assert search.fit(X, Y, sample_domain=DOMAIN).best_params_ == {"lr": 0.1}


@pytest.mark.parametrize("name", ["seeds", "output", "target"])
def test_what_the_estimator_says_itself_is_no_setting(name):
  with pytest.raises(ValueError, match=f"Adapted has no '{name}'"):
    estimator(**{name: 3}).fit(XS, YS, Xt=XT)


def test_rows_of_the_target_alone_are_scored_without_domains():
  own = estimator().fit(XS, YS, Xt=XT)
  with pytest.raises(ValueError, match="leave out sample_domain"):
    own.score(XT, YS, sample_domain=-np.ones(300))
