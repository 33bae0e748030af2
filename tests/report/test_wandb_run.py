"""What wandb is told: all that shapes a run, every measure with its band, and the final results."""

import json
import math

import numpy as np
import pytest
import toy
import wandb_file

from adapt import tuning, weights
from adapt.cli import main
from adapt.cli.reporting import Reporting
from adapt.experiments import grid
from adapt.records import record
from adapt.report import wandb_run
from adapt.training.history import History

SHORT = {"steps": 12, "evaluations": 3}


@pytest.mark.holds("tracked")
def test_an_offline_run_holds_all_that_was_done(tmp_path, monkeypatch):
  wandb = pytest.importorskip("wandb")
  monkeypatch.chdir(tmp_path)
  toy.write_pair(tmp_path)
  command = (
    "run --source moons.npz --target turned.npz --method dann --width 8 --seeds 2 --model mlp"
  )
  command += " --steps 12 --evaluations 3 --weights class_balanced --out out --wandb offline"
  assert main.main(command.split()) == 0
  wandb.teardown()
  (file,) = tmp_path.glob("out/wandb/offline-run-*/run-*.wandb")
  config, curve, summary, about = wandb_file.read(file)
  made = json.loads(next(tmp_path.glob("out/run/*/*.json")).read_text())

  for name in ("method", "task", "suite", "label"):
    assert config[name] == made[name]
  for name in ("hyperparameters", "settings", "seeds", "source", "target", "weights", "start"):
    assert config[name] == made["config"][name]
  for name in ("commit", "dirty", "device"):
    assert config[name] == made["environment"][name]
  assert config["tuning"] == {"name": "full"}
  assert about["name"] == f"run/{made['task']}/{made['label']}"
  assert about["group"] == f"run/{made['task']}"
  assert about["tags"] == ["dann", "class_balanced", "full", "mlp"]

  curves = made["curves"]
  for e, step in enumerate(curves["step"]):
    row = curve[step]
    for name, each in (
      ("train/loss", curves["loss"]),
      ("train/domain_loss", curves["domain_loss"]),
      ("source/accuracy", curves["source_accuracy"]),
      ("target/accuracy", curves["target_accuracy"]),
      *((f"validators/{n}", v) for n, v in made["validators"].items()),
    ):
      values = np.array([seed[e] for seed in each])
      assert row[name] == pytest.approx(values.mean(), abs=1e-6), name
      assert row[f"{name}_min"] == pytest.approx(values.min(), abs=1e-6)
      assert row[f"{name}_max"] == pytest.approx(values.max(), abs=1e-6)
      assert row[f"{name}_std"] == pytest.approx(values.std(ddof=1), abs=1e-6)
  for when in ("last", "selected", "oracle"):
    assert summary[f"{when}/accuracy"] == pytest.approx(np.mean(made[when]["accuracy"]))
  media = [p.name for p in tmp_path.glob("out/wandb/offline-run-*/files/media/*/*")]
  assert any(n.endswith(".png") for n in media) and any(n.endswith("table.json") for n in media)


def test_swept_points_are_apart_and_a_search_s_are_one_band(tmp_path):
  logged = []

  class Silent(Reporting):
    def report(self, step, past):
      logged.append(wandb_run.measured(past, search=False))
      logged.append(wandb_run.measured(past, search=True))

  asked = toy.experiment("dann", seeds=(0, 1), sweep={"weight": (0.1, 1.0)}, **SHORT)
  groups = [[asked]]
  with Silent(groups, tmp_path) as reporter:
    records = grid.run(groups, toy.load, grid.Options(tmp_path), reporter)
  last = {k: v for row in logged[-2:] for k, v in row.items()}
  for made in records:
    losses = [seed[-1] for seed in made["curves"]["loss"]]
    assert last[f"{made['label']}/train/loss"] == pytest.approx(np.mean(losses))
  both = [seed[-1] for made in records for seed in made["curves"]["loss"]]
  assert last["candidates/train/loss_max"] == pytest.approx(max(both))
  run = wandb_run.described(asked, record.environment())
  assert run.config["sweep"] == {"weight": [0.1, 1.0]} and "sweep" in run.tags
  assert run.config["hyperparameters"]["weight"] == "swept" and "weight" not in run.config["label"]
  assert {row[0] for row in wandb_run.results(records)[1]} == {r["label"] for r in records}


def test_tags_say_what_else_was_chosen():
  given = {**toy.needs("dann").given, "weight": 0.0}
  chosen = {"weighting": weights.bind("kmm"), "tuning": tuning.bind("lora", rank=2)}
  asked = toy.experiment("dann", given=given, start="source", **chosen)
  run = wandb_run.described(asked, {"commit": "abc", "dirty": False, "device": "cpu"})
  assert set(run.tags) >= {"dann", "kmm", "lora", "null control", "from source model"}
  assert run.config["tuning"]["rank"] == 2 and run.config["weights"]["name"] == "kmm"
  assert "alpha" in run.config["tuning"] and run.config["commit"] == "abc"


def test_diverged_seeds_are_counted_and_in_no_mean(monkeypatch):
  past = History()
  past.labels, past.diverged = ["dann", "dann"], {1: 3}
  values = {
    "train": {"loss": np.array([0.5, math.nan])},
    "validators": {"snd": np.full(2, math.nan)},
  }
  monkeypatch.setattr(past, "newest", lambda: values)
  assert wandb_run.measured(past, search=False) == {"train/loss": 0.5, "diverged": 1.0}


def test_targets_without_labels_have_no_results():
  made = {"label": "dann", "config": {"seeds": [0]}, "last": None, "selected": None, "seconds": {}}
  assert wandb_run.summary([made]) == {} and wandb_run.results([made])[1] == []
