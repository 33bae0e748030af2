"""Source models on the way: of the same seed, shared, and with a record only where that is right."""

import json

import numpy as np
import pytest
import toy

from adapt import tuning
from adapt.experiments.run import run

SHORT = {"steps": 8, "evaluations": 2, "shots": 4}
LONGER = {"steps": 40, "shots": 10}
TWO, THREE, FOUR = (0, 1), (0, 1, 2), (0, 1, 2, 3)


def asked(method, seeds=FOUR, **changes):
  return toy.experiment(method, **{**SHORT, **changes}, seeds=seeds)


def made(experiment, out, **options):
  return run(experiment, out, domains=toy.load, **options).records


def content(folder):
  return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_fine_tuning_starts_where_the_source_model_of_the_seed_ended(tmp_path, monkeypatch):
  monkeypatch.setattr(
    "adapt.experiments.execute._models", {}
  )  # another test may have trained the same one
  made(asked("fine_tune", THREE, **LONGER, tuning=tuning.bind("linear_probe")), tmp_path)
  files = tmp_path / "toy/moons_turned"
  # The source model was made on the way, with a record of its own, and a probe keeps its features.
  start, probe = (np.load(files / f"{n}.npz") for n in ("source_only", "fine_tune+linear_probe"))
  np.testing.assert_array_equal(start["features"], probe["features"])
  assert (start["predicted"] != probe["predicted"]).any()
  record = json.loads((files / "fine_tune+linear_probe.json").read_text())
  assert record["config"]["start"] == "source"


def test_a_sweep_of_the_learning_rate_is_no_source_model(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.execute._models", remembered := {})
  made(asked("source_only", THREE, **LONGER, sweep={"lr": (0.3,)}), tmp_path)
  assert not remembered
  made(asked("source_only", THREE, **LONGER), tmp_path)
  assert len(remembered) == 1


def test_a_source_model_is_not_taken_from_checkpoints_of_other_seeds(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  [straight] = made(asked("fine_tune", TWO, evaluations=4), tmp_path / "straight")
  there = tmp_path / "there"
  made(asked("source_only", TWO, evaluations=4), there)
  with pytest.raises(toy.Crash):
    made(asked("source_only", evaluations=4), there, report=toy.crash_at(6), minutes=0)
  left = content(there)
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  [tuned] = made(asked("fine_tune", TWO, evaluations=4), there)
  toy.assert_same_numbers(tuned, straight)
  assert left.items() <= content(there).items()


def test_a_source_model_of_added_seeds_leaves_no_record_of_its_own(tmp_path, monkeypatch):
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  made(asked("fine_tune", TWO), tmp_path)
  source = tmp_path / "toy" / "moons_turned" / "source_only.json"
  source.unlink()
  monkeypatch.setattr("adapt.experiments.execute._models", {})
  made(asked("fine_tune"), tmp_path)
  assert not source.exists()
