"""Leave-one-domain-out: nothing of the target reaches training, and what would read it is refused."""

import numpy as np
import pytest
import toy

from adapt import weights
from adapt.cli import main
from adapt.data import Split
from adapt.data.label_sets import ClassSets
from adapt.experiments import generalisation
from adapt.experiments.generalisation import leave_one_out
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task, others, pairs
from benchmarks import bearings, heart, heart_dg

UNSEEN = Task("unseen_turned", ("moons", "tilted"), "turned", unseen=True)
SHORT = {"steps": 40, "evaluations": 2, "seeds": (0,)}


def other(name):
  """The toy domain; of the target no training input and no test input is as it was."""
  d = toy.load(name)
  if name != "turned":
    return d
  return d._replace(
    train=Split(np.full_like(d.train.x, np.nan), None), test=Split(d.test.x + 5, d.test.y)
  )


def made(out, method, domains=toy.load, **changes):
  asked = toy.experiment(method, **{**SHORT, "task": UNSEEN, **changes})
  [record] = run(asked, out, domains=domains).records
  return record


@pytest.fixture(scope="module")
def record(tmp_path_factory):
  return made(tmp_path_factory.mktemp("unseen"), "irm")


@pytest.mark.parametrize("method", ["irm", "dann"])
def test_no_target_input_moves_parameters_or_selection(tmp_path, monkeypatch, record, method):
  if method == "dann":  # what reads the target, were it not refused, is given source inputs
    monkeypatch.setattr(generalisation, "refuse", lambda *_: None)
    record = made(tmp_path / "one", method)
  moved = made(tmp_path / "other", method, other)
  for part in ("parameters", "validators"):
    assert moved[part] == record[part]
  assert moved["selected"]["step"] == record["selected"]["step"]
  assert moved["last"] != record["last"]  # the test split alone is the target's


def test_training_domain_validation_and_the_oracle_are_kept_apart(record):
  assert record["config"]["protocol"] == "leave-one-out"
  assert set(record["validators"]) == {"source_accuracy"}
  scores, curves = record["validators"]["source_accuracy"], record["curves"]["source_accuracy"]
  np.testing.assert_allclose(scores, curves, atol=1e-6)
  assert record["selected"]["validator"] == "source_accuracy"
  reached, scores = (np.array(record["curves"][f"{s}_accuracy"][0]) for s in ("target", "source"))
  assert record["selected"]["accuracy"] == [reached[scores.argmax()]]
  assert record["oracle"]["accuracy"] == [reached.max()]
  assert record["expected"] is None  # which would look at target inputs


@pytest.mark.parametrize(
  ("method", "changes", "reason"),
  [
    ("dann", {}, "dann reads the target, which is unseen in unseen_turned: take .*group_dro, irm"),
    ("fine_tune", {}, "fine_tune reads the target"),
    (
      "irm",
      {"validator": "entropy"},
      "entropy reads the target.*source_accuracy, leave_one_domain",
    ),
    ("irm", {"validator": "reverse"}, "reverse reads the target"),
    ("irm", {"validator": "leave_one_domain_out"}, "irm needs 2 of the 2 of unseen_turned"),
    ("irm", {"weighting": weights.bind("kmm")}, "--weights kmm compares with the target"),
    ("irm", {"task": UNSEEN._replace(classes=ClassSets(2))}, "--classes"),
    (
      "irm",
      {"task": toy.SEVERAL, "validator": "leave_one_domain_out"},
      "moons_tilted_turned is seen",
    ),
  ],
)
def test_what_would_see_the_target_is_refused(method, changes, reason):
  with pytest.raises(ValueError, match=reason):
    toy.experiment(method, **{"task": UNSEEN, **changes})


def test_a_suite_leaves_each_of_its_domains_out_once():
  names = ("art_painting", "cartoon", "photo")
  tasks = (*pairs("x_pacs_", names), *others("x_pacs_", names))
  suite = Suite("x", tasks, toy.SETTINGS, "p", defaults={"dann": {"depth": 1}, "irm": {}})
  found = leave_one_out(suite)
  assert found.name == "x_dg" and found.settings == suite.settings
  assert [t.name for t in found.tasks] == [f"unseen_{n}" for n in names]
  assert found.tasks[1] == Task(
    "unseen_cartoon", ("x_pacs_art_painting", "x_pacs_photo"), "x_pacs_cartoon", unseen=True
  )
  assert set(found.defaults) == {"irm"}
  assert leave_one_out(found) is found


@pytest.mark.parametrize(
  ("tasks", "reason"),
  [((toy.TASK,), "x has 2: choose a suite of 3"), ((toy.PARTIAL,), "the same classes, and x has")],
)
def test_a_suite_without_enough_to_train_on_is_refused(tasks, reason):
  with pytest.raises(ValueError, match=reason):
    leave_one_out(Suite("x", tasks, toy.SETTINGS, "p"))


@pytest.mark.parametrize(
  ("flags", "reason"),
  [
    (["--method", "dann"], "dann reads the target"),
    (["--method", "auto"], "auto tries methods that adapt"),
    (["--method", "irm", "--each"], "drop --each"),
    (["--method", "irm", "--scale", "per-domain"], "the unseen target's own values"),
    (["--method", "irm", "--source", "moons.npz", "tilted.npz"], "give 3 or more to --source"),
  ],
)
def test_a_command_is_refused_in_one_line(tmp_path, monkeypatch, capsys, flags, reason):
  monkeypatch.chdir(tmp_path)
  for d in (toy.MOONS, toy.TILTED, toy.TURNED):
    toy.write(tmp_path, d)
  three = ["--source", "moons.npz", "tilted.npz", "turned.npz"]
  assert main.main(["run", *three, "--protocol", "leave-one-out", *flags]) == 2
  [line] = capsys.readouterr().err.splitlines()
  assert reason in line


@pytest.mark.parametrize(
  ("suite", "name", "first"),
  [
    (heart.SUITE, "heart_dg", "unseen_cleveland"),  # declared by that name
    (bearings.SUITE, "bearings_dg", None),
  ],
)
def test_a_suite_by_this_protocol_is_the_declared_one_or_made(suite, name, first):
  found = main._by_protocol(suite, ["irm", "--protocol", "leave-one-out"])
  assert found.name == name and all(task.unseen for task in found.tasks)
  if first:
    assert found is heart_dg.SUITE and found.tasks[0].name == first
  assert main._by_protocol(suite, ["irm", "--seeds", "2"]) is suite


def test_a_command_leaves_each_domain_out(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  for d in (toy.MOONS, toy.TILTED, toy.TURNED):
    toy.write(tmp_path, d)
  three = ["--source", "moons.npz", "tilted.npz", "turned.npz", "--protocol", "leave-one-out"]
  flags = ["--steps", "2", "--evaluations", "1", "--seeds", "1", "--devices", "1"]
  assert main.main(["run", *three, *flags, "--method", "source_only", "--out", "runs"]) == 0
  names = {p.parent.name for p in (tmp_path / "runs").glob("run/*/*.json")}
  assert names == {
    "tilted+turned_unseen_moons",
    "moons+turned_unseen_tilted",
    "moons+tilted_unseen_turned",
  }
