"""A shallow benchmark end to end on made-up vectors: records that tables read, draws, refusals."""

import json

import numpy as np
import pytest

from adapt import data
from adapt.cli import shallow
from adapt.data import Domain, Split
from adapt.experiments.suite import VECTORS, Suite, Task, row
from adapt.records import record
from adapt.report import tables
from adapt.shallow import classifier
from adapt.shallow import run as shallow_run
from adapt.shallow.run import Plan, Shallow

TASKS = (Task("a_b", ("a",), "b"), Task("b_a", ("b",), "a"))
SUITE = Suite(
  "toy", TASKS, VECTORS, "a protocol", (row("NA", "svm", "A paper", "p", ["a_b"], "50.0"),)
)
METHODS = {
  "svm": Shallow(),
  "nn": Shallow(classifier="nn"),
  "coral": Shallow("coral", "similarity", {"ridge": 0.5}),
  "kmm": Shallow(weights="kmm"),
  "jda": Shallow("jda", "nn", {"dim": 2, "iterations": 2}),
  "meda": Shallow("none", "meda", adaptive={"iterations": 2}),
}
PLAN = Plan(SUITE, METHODS, 2)


def load(name, data_dir=None):
  rng = np.random.default_rng(ord(name))
  y = (np.arange(40) % 2).astype(np.int32)

  def split():
    return Split((rng.normal(size=(40, 3)) + 2 * y[:, None]).astype(np.float32), y)

  return Domain(name, split(), split(), ("no", "yes"))


def run(out, plan=PLAN, names=("svm",), tasks=("a_b",), seeds=2, force=False, domains=load):
  chosen = [plan.suite.task(name) for name in tasks]
  return shallow_run.run(plan, chosen, names, seeds, out, domains, force=force)


def test_records_stand_in_the_tables(tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(data, "load", load)
  assert shallow.main(PLAN, ["--out", str(tmp_path)]) == 0
  assert "svm (2)" in capsys.readouterr().out
  records = record.read_all(tmp_path)
  assert len(records) == 2 * len(METHODS)
  page = tables.main_table(records, SUITE)
  page = page if isinstance(page, str) else str(page)
  assert all(label in page for label in (*METHODS, "NA", "a protocol"))
  for made in records:
    for seed in range(2):
      confusion = np.array(made["confusion"][seed])
      assert confusion.sum() == made["examples"]["test"] == 40
      assert made["last"]["accuracy"][seed] == pytest.approx(np.trace(confusion) / 40)
    # Unit length, which jda and meda give inputs, takes much from inputs that are this way apart.
    assert made["last"]["accuracy"][0] > (0.5 if made["label"] in ("jda", "meda") else 0.7)
  config = json.loads((tmp_path / "toy" / "a_b" / "coral.json").read_text())["config"]
  assert config["hyperparameters"] == {
    "transform": "coral",
    "ridge": 0.5,
    "classifier": "similarity",
    "C": [0.001, 0.01, 0.1, 1, 10, 100],
    "folds": 2,
  }
  config = json.loads((tmp_path / "toy" / "a_b" / "meda.json").read_text())["config"]
  assert config["hyperparameters"]["classifier"] == "meda"
  assert config["hyperparameters"]["iterations"] == 2
  assert config["hyperparameters"]["neighbours"] == 10


def test_what_is_trained_sees_the_labelled_alone(tmp_path, monkeypatch):
  seen = []

  def watched(xs, xt):
    seen.append((xs, xt))
    return shallow_run.transforms.none(xs, xt)

  monkeypatch.setitem(shallow_run.transforms.TRANSFORMS, "none", watched)
  source, target = load("a"), load("b")
  run(tmp_path / "all")
  assert len(seen) == 1  # the maps do not depend on the folds
  assert seen[0][0] is source.train.x or (seen[0][0] == source.train.x).all()
  assert (seen[0][1] == target.train.x).all()
  drawn = Plan(SUITE, METHODS, 2, {"a": 5})
  made = run(tmp_path / "drawn", drawn)[0]
  assert [len(xs) for xs, _ in seen[1:]] == [10, 10]
  for seed, (xs, _) in enumerate(seen[1:]):
    rows = data.few_shot(source.train.y, 5, seed)
    np.testing.assert_array_equal(xs, source.train.x[rows])
  assert made["examples"]["source"] == 10
  assert made["config"]["hyperparameters"]["labelled_per_class"] == 5


def test_weights_reach_the_classifier(tmp_path, monkeypatch):
  given = []

  def weighting(xs, ys, xt, *, bound=10.0):
    given.append((xs, ys, xt))
    return np.where(ys == 0, 1e-6, 2.0).astype(np.float32)

  monkeypatch.setattr(shallow_run.weights, "get", lambda name: weighting)
  made = run(tmp_path, names=["kmm"])[0]
  assert made["config"]["weights"] == {"name": "kmm", "bound": 10.0}
  (xs, ys, xt), source, target = *given, load("a"), load("b")
  assert (xs == source.train.x).all() and (ys == source.train.y).all()
  assert (xt == target.train.x).all()
  assert np.array(made["confusion"][0])[:, 0].sum() == 0  # a class that weighs nothing


def test_a_record_is_made_once_and_not_replaced_by_another(tmp_path):
  first = run(tmp_path)
  assert run(tmp_path) == first
  with pytest.raises(ValueError, match=r"was made with other settings.*--force"):
    run(tmp_path, seeds=3)
  assert run(tmp_path, seeds=3, force=True)[0]["config"]["seeds"] == [0, 1, 2]


def test_an_adaptive_classifier_takes_no_weights(tmp_path):
  both = Plan(SUITE, {"both": Shallow(classifier="easytl", weights="kmm")}, 1)
  with pytest.raises(ValueError, match="easytl takes no weights"):
    run(tmp_path, both, ["both"])


def test_refuses(tmp_path):
  with pytest.raises(ValueError, match="no task 'c'"):
    run(tmp_path, tasks=["c"])

  def images(name):
    domain = load(name)
    return domain._replace(train=Split(np.zeros((40, 4, 4, 1)), domain.train.y))

  with pytest.raises(ValueError, match="no feature vectors"):
    run(tmp_path, domains=images)

  def unknown(name):
    domain = load(name)
    return domain._replace(test=domain.test._replace(y=None))

  with pytest.raises(ValueError, match="has no labels"):
    run(tmp_path, domains=unknown)


def test_labelled_targets_are_drawn_by_seed_and_not_tested_on(tmp_path, monkeypatch):
  asked, seen = [], []

  def transductive(name):
    return load(name)._replace(test=load(name).train)

  def watched(xs, ys, xl, yl, *, seed=0):
    asked.append((xl, np.bincount(yl).tolist(), seed))
    return lambda x: seen.append(x) or np.zeros(len(x), int)

  monkeypatch.setitem(classifier.LABELLED, "feda", watched)
  plan = PLAN._replace(methods={"feda": Shallow(classifier="feda", shots=3)})
  [made] = run(tmp_path, plan, ("feda",), domains=transductive)
  assert [(counts, seed) for _, counts, seed in asked] == [([3, 3], 0), ([3, 3], 1)]
  assert (asked[0][0] != asked[1][0]).any()
  whole = {tuple(x) for x in load("b").train.x}
  for (drawn, _, _), tested in zip(asked, seen, strict=True):
    few, rest = ({tuple(np.float32(x)) for x in part} for part in (drawn, tested))
    assert len(rest) == 34 and not few & rest and few | rest == whole
  assert made["examples"]["labelled"] == 6 and made["examples"]["test"] == 34
  assert made["config"]["hyperparameters"]["labelled_target_per_class"] == 3
  inductive = run(tmp_path / "other", plan, ("feda",))
  assert inductive[0]["examples"]["test"] == 40


def test_labels_that_a_classifier_does_not_take_are_refused(tmp_path):
  for method in (Shallow(classifier="nn", shots=1), Shallow(classifier="feda")):
    with pytest.raises(ValueError, match="labelled target examples a class"):
      run(tmp_path, PLAN._replace(methods={"svm": method}))
