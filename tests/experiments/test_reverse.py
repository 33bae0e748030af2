"""Reverse validation: the score is that of a run the other way round, and it tells good from bad."""

import numpy as np
import pytest
import toy

from adapt.data import Domain, Split
from adapt.data.label_sets import ClassSets
from adapt.deploy import saved
from adapt.experiments import reverse, search
from adapt.experiments.run import run
from adapt.experiments.suite import Task
from adapt.training.dp_sgd import Privacy

SHORT = {"steps": 40, "evaluations": 2, "seeds": (0, 1)}


def scored(out, method, domains=toy.load, **changes):
  asked = toy.experiment(method, **{**SHORT, "validator": "reverse", **changes})
  [record] = run(asked, out, domains=domains).records
  return record


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return tmp_path_factory.mktemp("reverse")


@pytest.fixture(scope="module")
def record(folder):
  return scored(folder, "dann", save_model=True)


@pytest.mark.compares("a run the other way round", "validators/reverse")
def test_the_score_is_the_accuracy_of_a_run_the_other_way_round(folder, record, tmp_path):
  for seed, scores in zip((0, 1), record["validators"]["reverse"], strict=True):
    model = saved.read(folder / f"toy/moons_turned/{record['label']}.seed{seed}.model.npz")
    x = toy.TURNED.train.x
    labels = np.asarray(saved.predictor(model)(x)).argmax(1).astype(np.int32)
    back = {
      "moons": Domain("turned", Split(x, labels), Split(x, labels), toy.MOONS.classes),
      "turned": toy.MOONS,
    }
    asked = toy.experiment("dann", **{**SHORT, "seeds": (seed,)})
    [other] = run(asked, tmp_path / str(seed), domains=back.get).records
    assert scores == [None, pytest.approx(other["last"]["accuracy"][0])]


def test_only_the_last_iterate_is_judged(record):
  assert record["selected"]["step"] == [40, 40] and record["selected"]["validator"] == "reverse"
  assert record["selected"]["accuracy"] == pytest.approx(record["last"]["accuracy"])


def test_it_asks_for_no_target_label(record, tmp_path):
  def unlabelled(name):
    d = toy.load(name)
    return d if name == "moons" else d._replace(train=Split(d.train.x, None))

  assert (
    scored(tmp_path, "dann", unlabelled)["validators"]["reverse"]
    == (record["validators"]["reverse"])
  )


@pytest.mark.parametrize(("right", "low", "high"), [(1.0, 0.8, 1.0), (0.5, 0.2, 0.8)])
def test_what_is_predicted_decides(tmp_path, monkeypatch, right, low, high):
  """Half of them right says nothing about two classes."""
  wrong = np.random.default_rng(0).random(320) > right
  labels = np.where(wrong, 1 - toy.TURNED.train.y, toy.TURNED.train.y).astype(np.int32)
  monkeypatch.setattr(reverse, "predictions", lambda *_: np.stack([labels] * 2))
  scores = scored(tmp_path, "dann", steps=200)["validators"]["reverse"]
  assert low < np.mean([s[-1] for s in scores]) <= high


def test_a_method_that_starts_from_a_source_model_does_so_on_the_way_back(tmp_path):
  scores = scored(tmp_path, "shot_im")["validators"]["reverse"]
  assert all(0.5 < s[-1] <= 1 for s in scores)
  assert not list(tmp_path.rglob("reverse*"))


def test_a_search_may_go_by_it(tmp_path):
  asked = toy.experiment("coral", **{**SHORT, "validator": "reverse", "seeds": (0,)})
  asked = search.searching(asked, 3, "random")
  [record] = run(asked, tmp_path, domains=toy.load).records
  told = record["search"]
  scores = [c["validators"]["reverse"] for c in told["candidates"]]
  assert told["chosen"] == int(np.argmax(scores)) and len(scores) == 3


@pytest.mark.parametrize(
  ("changes", "reason"),
  [
    ({"task": toy.SEVERAL}, "several sources"),
    ({"task": Task("half", ("moons",), "turned", ClassSets(2))}, "classes of their own"),
    ({"method": "fine_tune"}, "fine_tune reads target labels"),
    ({"method": "source_only", "dp": Privacy(1.0, 1.0)}, "one training"),
  ],
)
def test_what_cannot_be_turned_is_refused(tmp_path, changes, reason):
  with pytest.raises(ValueError, match=f"--validator reverse .*{reason}"):
    scored(tmp_path, **{"method": "dann", **changes})
  assert not list(tmp_path.iterdir())
