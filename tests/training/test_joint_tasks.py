"""Several tasks as one program give the records of each alone, and go on after a crash as one does."""

import argparse

import jax
import numpy as np
import pytest
import toy

from adapt import weights
from adapt.cli import main
from adapt.cli import run as commands
from adapt.data import Split
from adapt.experiments import grid
from adapt.experiments.plan import alone as plan_of
from adapt.experiments.plan import plan
from adapt.experiments.run import run, run_together
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.training import history, joint_tasks, program
from adapt.training.dp_sgd import Privacy
from adapt.training.setup import Feed

TASKS = (
  toy.TASK,
  Task("turned_moons", ("turned",), "moons"),
  Task("moons_tilted", ("moons",), "tilted"),
)
SUITE = Suite("toy", TASKS, toy.SETTINGS, "two moons, turned")
SHORT = {"steps": 6, "evaluations": 3, "seeds": (0, 1)}


def asked(method: str, **changes):
  changes = {**SHORT, **changes}
  return [toy.experiment(method, **changes, suite=SUITE, task=task) for task in TASKS]


def together(experiments, out, domains=toy.load, **options):
  found = run_together(experiments, out, domains=domains, **options)
  return [made for result in found for made in result.records]


def alone(experiments, out, domains=toy.load):
  return [made for one in experiments for made in run(one, out, domains=domains).records]


@pytest.fixture(scope="module")
def dann(tmp_path_factory):
  """The records of each task alone."""
  return alone(asked("dann"), tmp_path_factory.mktemp("alone"))


# From scratch; from each task's source model, with few labels of each target; with all its labels;
# with a look at its whole target before the first step.
@pytest.mark.parametrize("method", ["dann", "fine_tune", "target_only", "aad"])
def test_each_record_is_that_of_the_task_alone(method, tmp_path, monkeypatch):
  few = {"shots": 4} if method == "fine_tune" else {}
  experiments, records = asked(method, **few), []
  for way in (alone, together):
    monkeypatch.setattr("adapt.experiments.execute._models", {})
    records.append(way(experiments, tmp_path / way.__name__))
  assert [r["task"] for r in records[1]] == [task.name for task in TASKS]
  assert len({str(r["last"]) for r in records[1]}) > 1
  for ours, theirs in zip(*records, strict=True):
    toy.assert_same_numbers(ours, theirs)
  for task in TASKS:  # features and predictions for pictures, too
    label = records[0][0]["label"]
    there, here = (
      np.load(tmp_path / way / f"toy/{task.name}/{label}.npz") for way in ("alone", "together")
    )
    assert set(there) == set(here)
    assert all(np.array_equal(there[name], here[name]) for name in there)


def test_side_by_side_as_on_an_accelerator(dann, tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.evaluation.cells.over_cells", jax.vmap)
  program.program.cache_clear()
  beside = together(asked("dann"), tmp_path)
  program.program.cache_clear()
  assert any(r["parameters"] != t["parameters"] for r, t in zip(beside, dann, strict=True))
  for ours, theirs in zip(beside, dann, strict=True):  # but for rounding
    for name in ("loss", "domain_loss"):
      np.testing.assert_allclose(ours["curves"][name], theirs["curves"][name], rtol=1e-4)


def test_sets_lie_there_once_and_cells_know_where_theirs_begin(tmp_path):
  some = [plan(one, tmp_path, False, toy.load).part() for one in asked("dann")]
  sets = joint_tasks.joined(some)
  assert [d.name for [d] in sets.sources] == ["moons", "turned"]
  assert [d.name for d in sets.targets] == ["turned", "moons", "tilted"]
  n = len(toy.MOONS.train.x)
  assert sets.first.tolist() == [[0, 0]] * 2 + [[n, n]] * 2 + [[0, 2 * n]] * 2
  assert joint_tasks.spans(some) == [slice(0, 2), slice(2, 4), slice(4, 6)]


@pytest.mark.holds("resumed")
def test_it_goes_on_from_its_checkpoint(dann, tmp_path):
  with pytest.raises(toy.Crash):
    together(asked("dann"), tmp_path, report=toy.crash_at(4), minutes=0)
  assert not list(tmp_path.glob("*/*/*.json"))
  steps = []
  again = together(asked("dann"), tmp_path, report=lambda step, *_: steps.append(step), minutes=0)
  assert steps[-1] == 6 and len(steps) < 3
  for ours, theirs in zip(again, dann, strict=True):
    toy.assert_same_numbers(ours, theirs)
  assert not list(tmp_path.glob("*/*/.*"))


def test_only_what_is_missing_is_made(dann, tmp_path):
  experiments = asked("dann")
  run(experiments[1], tmp_path, domains=toy.load)
  found = run_together(experiments, tmp_path, domains=toy.load)
  assert [result.fresh for result in found] == [True, False, True]
  for result, theirs in zip(found, dann, strict=True):
    toy.assert_same_numbers(result.records[0], theirs)


def test_a_diverged_cell_is_that_of_its_task():
  past = history.History()
  past.metrics, past.counts, past.probed = [{"loss": np.arange(4.0)}], [], []
  past.diverged, past.before = {1: 5, 3: 7}, 2.0
  own = [past.only(span) for span in (slice(0, 2), slice(2, 4))]
  assert [each.diverged for each in own] == [{1: 5}, {1: 7}]
  assert [each.metrics[0]["loss"].tolist() for each in own] == [[0, 1], [2, 3]]
  assert own[1].before == 2.0


def test_sets_of_one_name_are_not_the_same(tmp_path):
  other = {"a/train": toy.MOONS, "b/train": toy.TILTED, "turned": toy.TURNED}

  def named(name):
    return other[name]._replace(name=name.rsplit("/")[-1])

  tasks = [Task(f"{s}_turned", (f"{s}/train",), "turned") for s in ("a", "b")]
  suite = SUITE._replace(tasks=tuple(tasks))
  experiments = [toy.experiment("dann", **SHORT, suite=suite, task=task) for task in tasks]
  both = [way(experiments, tmp_path / way.__name__, named) for way in (alone, together)]
  for ours, theirs in zip(*both, strict=True):
    toy.assert_same_numbers(ours, theirs)


@pytest.mark.parametrize("order", [(0, 2, 1), (0, 1), (0, 2), (0,)])
@pytest.mark.holds("resumed")
def test_other_tasks_do_not_go_on_from_its_checkpoint(dann, order, tmp_path):
  with pytest.raises(toy.Crash):
    together(asked("dann"), tmp_path, report=toy.crash_at(4), minutes=0)
  steps = []
  experiments = [asked("dann")[i] for i in order]
  again = together(experiments, tmp_path, report=lambda step, *_: steps.append(step))
  assert steps[0] == 2  # from the start
  for i, ours in zip(order, again, strict=True):
    toy.assert_same_numbers(ours, dann[i])
  grid._tidied(asked("dann"), tmp_path)
  assert not list(tmp_path.glob("*/*/.*"))


@pytest.mark.holds("refused")
def test_no_task_of_it_is_trained_by_another_process_meanwhile(tmp_path):
  experiments = asked("dann")

  def meanwhile(*_):
    with pytest.raises(ValueError, match="another process trains dann"):
      run(experiments[1], tmp_path, domains=toy.load)

  together(experiments, tmp_path, report=meanwhile)


@pytest.mark.parametrize(
  ("method", "changes"),
  [
    ("dann", {"validator": "reverse"}),
    ("dann", {"feed": Feed("stream")}),
    ("dann", {"weighting": weights.bind("kmm")}),
    ("source_only", {"dp": Privacy(1.0, 1.0)}),
  ],
)
def test_what_weighs_whole_sets_or_guards_them_stays_alone(method, changes):
  experiment = toy.experiment(method, **changes)
  assert grid._shape(plan_of(experiment, toy.data_of(experiment))) is None


def test_targets_without_a_class_stay_apart():
  def shape(target):
    experiment = toy.experiment("fine_tune", shots=4)
    own = plan_of(experiment, toy.data_of(experiment)._replace(target=target))
    return joint_tasks.shape(own.method, own.part())

  x, y = toy.TURNED.train
  lacking = toy.TURNED._replace(train=Split(x, np.zeros_like(y)))
  assert shape(toy.TURNED) == shape(toy.TILTED) != shape(lacking)


def test_groups_are_of_one_shape(tmp_path):
  def shorter(name):
    d = toy.load(name)
    cut = Split(*(v[:-10] for v in d.train))
    return d._replace(train=cut) if name == "tilted" else d

  pairs = zip(asked("source_only"), asked("dann"), strict=True)
  experiments = [one for both in pairs for one in both]
  options = grid.Options(tmp_path, batch_tasks=True, devices=1)
  found = grid.grouped(experiments, shorter, options)
  names = [[(one.method.name, one.task.name) for one in group] for group in found]
  pair = ("moons_turned", "turned_moons")
  assert names == [
    [("source_only", task) for task in pair],
    [("dann", task) for task in pair],
    [("source_only", "moons_tilted")],
    [("dann", "moons_tilted")],
  ]
  apart = grid.grouped(experiments, shorter, options._replace(batch_tasks=False))
  assert [len(group) for group in apart] == [1] * 6


@pytest.mark.holds("refused")
def test_sets_that_do_not_fit_together_are_refused(tmp_path, monkeypatch):
  options = grid.Options(tmp_path, batch_tasks=True, devices=1)
  # Two sources and three targets.
  monkeypatch.setattr("adapt.training.devices.budget", lambda _: 5 * toy.MOONS.train.x.nbytes - 1)
  with pytest.raises(ValueError, match=r"sets of 3 tasks do not fit.*leave out --batch-tasks"):
    grid.grouped(asked("dann"), toy.load, options)
  flags = argparse.Namespace(batch_tasks=True, wandb="offline")
  with pytest.raises(ValueError, match="--wandb follows one task at a time: leave out"):
    commands.run_suite(SUITE, TASKS, ["dann"], flags, toy.load)


def test_the_command_line(dann, tmp_path, capsys):
  argv = ["source_only", "dann", "--batch-tasks", "--devices", "1", "--out", str(tmp_path)]
  argv += [f"--{name}={SHORT[name]}" for name in ("steps", "evaluations")] + ["--seeds=2"]
  argv += [f"--{name}={value}" for name, value in toy.needs("dann").given.items()]
  argv += ["--task", *(task.name for task in TASKS), TASKS[0].name]  # one of them twice
  suite = SUITE._replace(settings=toy.SETTINGS._replace(steps=6, evaluations=3))
  assert main.benchmark(suite, argv, toy.load) == 0
  shown = capsys.readouterr()
  for task in TASKS:
    assert f"2/2  3 tasks {dann[0]['label']} ({task.name})  target" in shown.err
  made = record.read(tmp_path / f"toy/moons_tilted/{dann[2]['label']}.json")
  toy.assert_same_numbers(made, dann[2])
  assert main.benchmark(suite, argv, toy.load) == 0
  assert "done before" in capsys.readouterr().err
