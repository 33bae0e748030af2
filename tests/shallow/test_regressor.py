"""Ridge regression of shallow features against scikit-learn, and a plan of values end to end."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from adapt import catalogue
from adapt.data import Domain, Split
from adapt.experiments.suite import VECTORS, Suite, Task
from adapt.records import record
from adapt.report import tables
from adapt.shallow import judging, regressor, transforms
from adapt.shallow import run as shallow_run
from adapt.shallow.maps import Maps
from adapt.shallow.run import Plan, Shallow

NONE = transforms.none(None, None)
METHODS = {
  "ridge": Shallow(),
  "kmm": Shallow(classifier="rbf", weights="kmm"),
  "otda": Shallow("otda", "rbf", {"plan": "exact"}),
  "jdot": Shallow(classifier="jdot_values", adaptive={"iterations": 2}),
  "boosted": Shallow(classifier="tradaboost_r2", adaptive={"steps": 2, "rounds": 2}, shots=8),
}
TASK = Task("a_b", ("a",), "b")
PLAN = Plan(Suite("toy_values", (TASK,), VECTORS, "a protocol"), METHODS, 2)


def load(name):
  rng = np.random.default_rng(ord(name))

  def split():
    x = rng.normal(size=(40, 3))
    y = 80 + 10 * x[:, :1] - 4 * x[:, 1:2] + 0.1 * rng.normal(size=(40, 1))
    return Split(x.astype(np.float32), y.astype(np.float32))

  return Domain(name, split(), split(), ())


def run(out, plan=PLAN, names=tuple(METHODS), domains=load):
  return shallow_run.run(plan, plan.suite.tasks, names, 2, out, domains)


def test_ridge_is_scikit_learn_s_with_the_strength_of_two_folds():
  rng = np.random.default_rng(0)
  x, new = rng.normal(size=(40, 6)), rng.normal(size=(10, 6))
  y, w = x[:, :2] + 2 * rng.normal(size=(40, 2)) + 7, rng.uniform(0.1, 3, 40)
  folds = KFold(2, shuffle=True, random_state=3)
  search = GridSearchCV(
    Ridge(), {"alpha": list(regressor.CHOICES)}, cv=folds, scoring="neg_mean_squared_error"
  ).fit(x, y)
  a, b = rng.normal(size=(2, 6, 6))
  found = regressor.fit("linear", NONE, x, y, 3)
  assert (
    found.c == search.best_params_["alpha"] not in (regressor.CHOICES[0], regressor.CHOICES[-1])
  )
  np.testing.assert_allclose(found.predict(new), search.predict(new))
  mapped = regressor.fit("linear", Maps(lambda x: x @ a, lambda x: x @ b), x, y, 3, w)
  expected = Ridge(alpha=mapped.c).fit(x @ a, y, sample_weight=w).predict(new @ b)
  np.testing.assert_allclose(mapped.predict(new), expected)


def test_a_kernel_bends_and_falls_back_on_the_mean():
  x = np.linspace(-2, 2, 60)[:, None]
  y = 100 + np.sin(3 * x)
  found = regressor.fit("rbf", NONE, x, y, 0)
  assert np.abs(found.predict(x) - y).max() < 0.3
  np.testing.assert_allclose(found.predict(x[:2] + 1000), y.mean(), rtol=1e-6)


def test_records_of_values_stand_in_the_tables(tmp_path):
  told = []
  made = shallow_run.run(PLAN, (TASK,), tuple(METHODS), 2, tmp_path, load, report=told.append)
  assert told[0].startswith("a_b ridge 1.000") and len(record.read_all(tmp_path)) == len(METHODS)
  by_label = {r["label"]: r for r in made}
  for one in made:
    assert one["output"]["name"] == "values" and one["confusion"] is None
    assert set(one["last"]) == {"r2", "mae", "rmse", "mape"} and one["classes"] == ["value"]
    assert one["examples"]["test"] == 40 and min(one["last"]["r2"]) > 0.3
  config = by_label["ridge"]["config"]["hyperparameters"]
  assert config["lambda"] == list(regressor.CHOICES) and config["classifier"] == "linear"
  assert by_label["boosted"]["examples"]["labelled"] == 8
  assert "lambda" not in by_label["boosted"]["config"]["hyperparameters"]
  [sheet] = [s for s in tables.sheets(made, PLAN.suite) if s.name == "accuracy"]
  assert sheet.title == "Target R²"


@pytest.mark.parametrize(
  ("method", "changes", "said"),
  [
    (Shallow("jda"), {}, "jda looks at classes"),
    (Shallow(weights="bbse"), {}, "bbse looks at classes"),
    (Shallow(classifier="nn"), {}, "unknown regressor 'nn'"),
    (Shallow(classifier="tradaboost_r2", shots=41), {}, "41 labelled .* there are 40"),
    (Shallow(), {"labelled": {"a": 5}}, "5 examples of each class are asked for"),
    (METHODS["boosted"]._replace(weights="kmm"), {}, "tradaboost_r2 takes no weights"),
  ],
)
def test_what_values_have_not_is_refused(tmp_path, method, changes, said):
  plan = PLAN._replace(methods={"m": method}, **changes)
  with pytest.raises(ValueError, match=said):
    run(tmp_path, plan, ("m",))


def test_a_target_without_labels_and_one_without_a_rest_are_told_apart(tmp_path):
  def unknown(name):
    domain, none = load(name), load(name).train._replace(y=None)
    return domain if name == "a" else domain._replace(train=none, test=none)

  with pytest.raises(ValueError, match="has no labels: shallow runs need both"):
    run(tmp_path, names=("ridge",), domains=unknown)
  plan = PLAN._replace(methods={"m": METHODS["boosted"]._replace(shots=40)})
  with pytest.raises(ValueError, match="no example to test on beside the 40 labelled"):
    run(tmp_path, plan, ("m",), lambda name: load(name)._replace(test=load(name).train))


@pytest.mark.parametrize("kind", regressor.KINDS)
def test_folds_without_an_example_are_refused(kind):
  x, y = np.arange(8.0)[:, None], np.arange(8.0)[:, None]
  with pytest.raises(ValueError, match="of half the source examples are 0"):
    regressor.fit(kind, NONE, x, y, 0, np.eye(8)[0])
  with pytest.raises(ValueError, match="two folds of 1 source examples"):
    regressor.fit(kind, NONE, x[:1], y[:1], 0)


def test_kinds_that_differ_and_masks_are_refused():
  source, split = load("a"), Split(np.zeros((4, 3)), np.zeros(4, np.int32))
  with pytest.raises(ValueError, match="a has values and c classes"):
    judging.check(source, Domain("c", split, split, ("x",)), 0, "")
  masks = split._replace(y=np.zeros((4, 2, 2), np.int32))
  with pytest.raises(ValueError, match="has masks"):
    judging.learners(Domain("m", masks, masks, ("x",)))
  marks = Split(np.zeros((3, 2)), np.zeros((3, 2), np.int32))
  with pytest.raises(ValueError, match="m has several labels an example"):
    judging.learners(Domain("m", marks, marks, ("x", "y")))


@pytest.mark.parametrize("entry", [*regressor.ADAPTIVE.values(), *regressor.LABELLED.values()])
def test_entries_are_documented_and_name_their_paper(entry):
  assert len(catalogue.summary(entry).split()) <= 12 and catalogue.facts(entry).paper
  assert all(p.meaning for p in catalogue.parameters(entry) if p.name != "seed")
