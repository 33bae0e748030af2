"""What a command line asks for becomes experiments, and how a run of them ends."""

import json

import pytest
from small_runs import SAID, adapt, refused


def test_null_is_the_method_with_its_adaptation_term_at_zero(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "dann", "--null") == 0
  [file] = (tmp_path / "out/run/moons_turned").glob("*.json")
  assert json.loads(file.read_text())["config"]["hyperparameters"]["weight"] == 0
  assert file.stem == f"dann-{SAID}-weight=0.0"
  capsys.readouterr()
  code = adapt(pair, tmp_path / "out", "--method", "source_only", "--null")
  refused(capsys, code, "source_only has no weight", "--null")


def test_flags_of_method_weights_tuning_and_sweep_reach_the_record(pair, tmp_path):
  flags = [
    "--method",
    "dann",
    "--width",
    "8",
    "--weights",
    "kmm",
    "--weights-bound",
    "1",
  ]
  flags += ["--tuning", "lora", "--tuning-rank", "2", "--sweep", "weight=0.5,2", "--lr", "0.02"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  folder = tmp_path / "out/run/moons_turned"
  records = [json.loads(p.read_text()) for p in sorted(folder.glob("dann*.json"))]
  assert [r["config"]["hyperparameters"]["weight"] for r in records] == [0.5, 2.0]
  config = records[0]["config"]
  assert config["hyperparameters"]["width"] == 8
  assert config["weights"]["name"] == "kmm" and config["weights"]["bound"] == 1
  assert 0.9 < records[0]["effective_share"] <= 1  # none counts more than the average
  assert records[0]["weights_form"] == "exact"
  most = records[0]["majority"]  # of the held-out source examples
  assert most["class"] in ("0", "1") and most["share"] == 0.5 and most["examples"] == 400
  assert config["tuning"]["rank"] == 2 and config["settings"]["lr"] == 0.02


@pytest.mark.holds("diverged")
def test_a_diverged_loss_names_step_method_and_seed_and_keeps_the_record(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "coral", "--lr", "1e20") == 3
  lines = [li for li in capsys.readouterr().err.splitlines() if li.startswith("error: ")]
  assert len(lines) == 2
  label = f"coral-{SAID}".replace("steps", "lr=1e+20-steps")
  assert f"{label} on moons_turned is not finite from step" in lines[1] and "seed 1" in lines[1]
  record = json.loads((tmp_path / f"out/run/moons_turned/{label}.json").read_text())
  assert set(record["diverged"]) == {"0", "1"}


@pytest.mark.holds("changed")
def test_settings_in_the_way_are_refused_before_any_training(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "source_only") == 0
  [file] = (tmp_path / "out/run/moons_turned").glob("*.json")
  whole = file.read_text()
  made = json.loads(whole)
  made["config"]["settings"]["momentum"] = 0.5  # as if that had been the default then
  file.write_text(json.dumps(made))
  capsys.readouterr()
  flags = ["--method", "coral", "source_only"]
  refused(capsys, adapt(pair, tmp_path / "out", *flags), "settings.momentum: 0.5 → 0.9", "--force")
  assert list(file.parent.glob("*.json")) == [file]
  # What source_only does not read is no other setting.
  file.write_text(whole)
  flags = ["--method", "source_only", "--shots", "5", "--validator", "entropy"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  assert list(file.parent.glob("*.json")) == [file] and file.read_text() == whole


def test_other_settings_than_the_suite_s_are_a_record_of_their_own(pair, tmp_path):
  for flags in ([], ["--momentum", "0.5"]):
    assert adapt(pair, tmp_path / "out", "--method", "source_only", *flags) == 0
  records = sorted(p.stem for p in (tmp_path / "out/run/moons_turned").glob("*.json"))
  other = f"source_only-{SAID}".replace("steps", "momentum=0.5-steps")
  assert records == [other, f"source_only-{SAID}"]
