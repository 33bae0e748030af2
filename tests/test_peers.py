"""The benchmark of peers: what a process is told and says, ratios, and what was not run."""

import argparse
import importlib
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peer_closed, peer_process, peer_runs, peer_training, peers
from benchmarks.contender import ROOT, Failed, Work
from benchmarks.peer_runs import Arrays, Asked
from benchmarks.peer_training import OURS, Turn, Workload

WORK = Work(model="mlp", shape=(2,), classes=2, run=10)
RUNS = (("a", 0), ("b", 0), ("a", 1), ("b", 1))
ECHO = """
from benchmarks import peer_runs
def train(work, arrays, seed):
  print("chatter of a library")
  return arrays.y_test if seed else 1 - arrays.y_test
peer_runs.main({"echo": peer_runs.Peer(train, ("wave",), ("numpy",))})
"""


def load(seeds=2):
  suite = peers.peer_training.amazon_reviews.SUITE
  return Workload(suite, suite.tasks[:2], seeds, WORK)


def side(one, every, accuracies=None, again=None):
  found = accuracies or dict.fromkeys(load().runs, 0.5)
  return lambda: Turn(one, every, found, [0.0], again, {"torch": "2"})


def test_a_process_says_what_each_of_its_runs_has_reached(tmp_path):
  x, y = np.zeros((4, 2), np.float32), np.array([0, 1, 1, 1])
  for task in "ab":
    peer_runs.save(tmp_path, task, Arrays(x, y, x, x, y))
  peer_process.isolated(tmp_path)
  asked = peer_runs.told(Asked(WORK, RUNS, str(tmp_path)))
  command = [sys.executable, "-c", ECHO, "echo", asked]
  made = peer_process.watched(command, peer_process.peer_environment(), tmp_path)
  (ready, about), *rest = made.said
  assert about == {"versions": {"numpy": np.__version__}}
  assert [(s["task"], s["seed"], s["accuracy"]) for _, s in rest] == [
    (task, seed, float(seed)) for task, seed in RUNS
  ]
  assert 0 < ready <= rest[0][0] <= rest[-1][0] <= made.seconds


def test_what_a_process_is_told_comes_back():
  asked = Asked(WORK, RUNS, "/data")
  assert peer_runs.heard(peer_runs.told(asked)) == asked


def test_a_peer_sees_images_as_our_networks_do(tmp_path):
  x, y = np.array([[[[0], [255]]]], np.uint8), np.zeros(1)
  peer_runs.save(tmp_path, "a", Arrays(x, y, x, x, y))
  arrays = peer_runs.load(str(tmp_path), "a")
  assert arrays.xs.dtype == np.float32 and arrays.x_test.ravel().tolist() == [-1, 1]


def test_schedules_are_those_of_our_step():
  from adapt.losses import ops

  for taken in (0, 3, 9):
    ours = WORK.weight * ops.ganin_ramp(taken / WORK.run, WORK.ramp)
    assert peer_runs.ramp(WORK, taken) == pytest.approx(float(ours), abs=1e-6)
  assert peer_runs.decay(WORK, 0) == 1 and peer_runs.decay(WORK, 10) == pytest.approx(11**-0.75)


def test_a_process_of_a_peer_does_not_find_our_package(tmp_path):
  peer_process.isolated(tmp_path)
  code = (
    "import sys, benchmarks.peer_torch, benchmarks.peer_closed, benchmarks.peer_tensorflow as f; "
    "assert f.__file__.startswith(sys.argv[1]); "
    "assert not {'adapt', 'jax', 'torch', 'tensorflow'} & set(sys.modules); print('{}')"
  )
  environment = peer_process.peer_environment()
  assert "PYTHONPATH" not in environment
  command = [sys.executable, "-c", code, str(tmp_path)]
  assert len(peer_process.watched(command, environment, tmp_path).said) == 1


def test_a_process_that_fails_is_told_by_its_last_words(tmp_path):
  code = "raise ValueError('of torch')"
  with pytest.raises(Failed, match="ValueError: of torch"):
    peer_process.watched([sys.executable, "-c", code], os.environ, tmp_path)


def test_runs_that_were_not_made_take_as_long_as_their_task_s():
  assert peer_training.whole(1.0, [3.0, 7.0, 9.0, 13.0], RUNS) == 13.0
  assert peer_training.whole(1.0, [3.0, 7.0], RUNS) == 7.0 + 2.0 + 4.0
  assert peer_training.whole(1.0, [3.0], RUNS) == 3.0 + 3 * 2.0


def test_accuracies_spread_over_seeds_not_over_tasks():
  found = {("a", 0): 0.9, ("b", 0): 0.5, ("a", 1): 0.8, ("b", 1): 0.4}
  reached = peer_training.reached(found)
  assert reached["mean"] == pytest.approx(0.65)
  assert reached["std"] == pytest.approx(np.std([0.7, 0.6], ddof=1))
  assert peer_runs.percent(reached) == "65.0 ± 7.1"
  part = peer_training.reached({("a", 0): 0.9, ("b", 0): 0.5, ("a", 1): 0.7})
  assert part["std"] is None and peer_runs.percent(part) == "70.0"


def test_ratios_are_of_a_round_and_of_one_run_and_all():
  sides = {OURS: side(10.0, 20.0, again=5.0), "skada": side(5.0, 60.0)}
  made = peers.measured(load(), sides, 2, 0.1)
  assert {name: r["each"] for name, r in made["ratios"].items()} == {
    "skada / ours, one run": [0.5, 0.5],
    "skada / ours, 4 runs": [3.0, 3.0],
  }
  assert made["entries"]["ours, one run, given again"]["seconds"]["median"] == 5.0
  whole = made["entries"]["skada, 4 runs"]
  assert (whole["made"], whole["versions"], whole["accuracy"]["mean"]) == (4, {"torch": "2"}, 0.5)
  assert made["rounds"] == 2 and made["steps"] == 10 and json.dumps(made)
  text = "\n".join(peers.lines("amazon", made))
  assert "skada, 4 runs" in text and "60 (60–60) s, accuracy 50.0 ± 0.0 %" in text


def test_what_is_extrapolated_says_so():
  part = {("a", 0): 0.5}
  sides = {OURS: side(10.0, 20.0, again=5.0), "skada": side(5.0, 60.0, part)}
  made = peers.measured(load(), sides, 1, 0.1)
  assert made["ratios"]["skada / ours, 4 runs (extrapolated from 1 of 4)"]["median"] == 3.0
  assert "ours, 4 runs" in made["entries"]


def test_a_peer_that_is_not_there_is_one_line(monkeypatch, capsys, tmp_path):
  monkeypatch.setattr(peer_training, "workload", lambda *_: load())
  monkeypatch.setattr(peer_training, "export", lambda *_: None)
  monkeypatch.setattr(peer_training, "ours", lambda _: side(10.0, 20.0, again=5.0)())
  asked = argparse.Namespace(
    pairs=None, seeds=None, steps=None, runs=None, rounds=1, foreign=0.1, only=["skada", "ADAPT"]
  )
  asked.environments = tmp_path
  made = peers.training("amazon", asked)
  said = capsys.readouterr().out.splitlines()
  assert [line.split(" is left out: ")[0] for line in said] == ["skada", "ADAPT"]
  assert made["failed"]["skada"].startswith("no torch environment") and made["ratios"] == {}


def test_our_side_of_closed_form_beside_no_peer(tmp_path, monkeypatch, capsys):
  case = peer_closed.CASES["shallow"]._replace(names=("coral", "otda"))
  monkeypatch.setitem(peer_closed.CASES, "shallow", case)
  made = peer_closed.measured("shallow", tmp_path, 1, 99)
  assert list(made["entries"]) == ["coral, ours", "otda, ours"] and made["ratios"] == {}
  entry = made["entries"]["coral, ours"]
  assert 0 < entry["seconds"]["median"] < 60 and 0.3 < entry["accuracy"]["mean"] <= 1
  said = capsys.readouterr().out.splitlines()
  assert said == [f"{name} is left out: {reason}" for name, reason in made["failed"].items()]
  assert list(made["failed"]) == ["skada", "ADAPT"]


def test_weights_have_a_share_and_both_sides_choose_among_the_same():
  from adapt.weights import _kernels

  ridges = importlib.import_module("adapt.weights.ulsif").RIDGES
  assert tuple(peer_closed.WIDTHS) == _kernels.BANDWIDTHS
  assert tuple(peer_closed.RIDGES) == ridges
  xs, ys, xt, yt = peer_closed.data(200, 4)
  w = peer_closed.ours("weightings", "ulsif")(xs, ys, xt)
  assert 0 < peer_closed.reached("weightings", w, ys, yt) < 1
  (gamma,) = peer_closed._gammas(xs, xt, np.ones(1))
  assert gamma == pytest.approx(1 / _kernels.median(np.concatenate([xs, xt]), "kmm"))


def test_ratios_of_closed_form_are_of_what_a_peer_can_do():
  case = peer_closed.CASES["shallow"]
  kept = [{f"{n}, {s}": i + 1.0 for n in ("sa", "gfk") for i, s in enumerate(("ours", "skada"))}]
  del kept[0]["gfk, skada"]
  found = peer_closed._ratios(case, kept)
  assert {name: r["median"] for name, r in found.items()} == {"sa: skada / ours": 2.0}


def test_every_case_is_known_and_another_is_refused(capsys):
  assert peers.main(["amzon", "--environments", "x"]) == 2
  assert (
    "no case 'amzon': choose from amazon, digits, weightings, shallow" in capsys.readouterr().err
  )


@pytest.mark.parametrize("name", peer_process.ENVIRONMENTS)
def test_environments_are_pinned(name):
  lines = peer_process.requirements(name).read_text("utf-8").splitlines()
  packages = [line for line in lines if not line.startswith("#")]
  assert packages and all("==" in line or "<" in line for line in packages)
  assert Path(ROOT / "benchmarks").exists()
