"""`--config` and `adapt config`: command lines in files, and records run again."""

import json

import pytest
import toy

from adapt.cli import config
from adapt.cli.main import main

FEW = ["--steps", "8", "--evaluations", "1", "--batch-size", "32", "--seeds", "2"]


@pytest.fixture
def pair(tmp_path, monkeypatch):
  toy.write_pair(tmp_path)
  monkeypatch.chdir(tmp_path)
  return ["--source", "moons.npz", "--target", "turned.npz"]


def records(folder):
  found = [json.loads(file.read_text()) for file in sorted(folder.glob("*/*/*.json"))]
  return {made["label"]: made for made in found}


def test_a_record_is_run_again_with_the_same_parameters(pair, tmp_path):
  own = ["--method", "cdan", "--width", "8", "--entropy", "--model", "mlp50", "--tuning", "lora"]
  own += ["--tuning-rank", "2", "--weights", "class_balanced", "--weights-beta", "0.9"]
  from adapt.records import started

  with started.shown_as(["adapt", "run", *pair, *own, *FEW]):
    assert main(["run", *pair, *own, *FEW, "--out", "first"]) == 0
  [(label, made)] = [i for i in records(tmp_path / "first").items() if i[0].startswith("cdan")]
  file = tmp_path / "first" / "run" / made["task"] / f"{label}.json"
  assert main(["run", "--config", str(file), "--out", "again"]) == 0
  again = records(tmp_path / "again")[label]
  assert again["parameters"] == made["parameters"] and again["config"] == made["config"]
  assert started.shown() != again["command"]  # of this process, once that run is over
  # What it says of its command is enough to run it once more.
  file = tmp_path / "again" / "run" / made["task"] / f"{label}.json"
  assert main(["run", "--config", str(file), "--out", "third"]) == 0
  assert records(tmp_path / "third")[label]["parameters"] == made["parameters"]


def test_networks_and_budgets_stand_in_one_folder(pair, tmp_path):
  for own in ([], ["--model", "mlp50"], ["--steps", "4"]):
    assert main(["run", *pair, "--method", "source_only", *FEW, *own, "--out", "runs"]) == 0
  rest = "source_only-batch_size=32-evaluations=1"
  assert set(records(tmp_path / "runs")) == {
    f"{rest}-steps=8",
    f"{rest}-model=mlp50-steps=8",
    f"{rest}-steps=4",
  }


def test_a_command_becomes_a_file_that_runs_it(pair, tmp_path, capsys):
  flags = [*pair, "--method", "dann", "source_only", *FEW, "--width", "8", "--no-scale-loss"]
  flags += ["--sweep", "weight=0.1,1", "--sweep", "lr=0.1,0.2"]
  assert main(["config", *flags]) == 0
  written = capsys.readouterr().out
  (tmp_path / "run.toml").write_text(written)
  assert 'method = ["dann", "source_only"]' in written and "steps = 8" in written
  suite, again = config.expanded(["--config", "run.toml", "--seeds", "1"])
  assert suite is None and again[-2:] == ["--seeds", "1"]
  assert main(["run", "--config", "run.toml", "--seeds", "1", "--out", "runs"]) == 0
  assert len(records(tmp_path / "runs")) == 4 + 2  # source_only has a learning rate alone


def test_a_file_of_one_s_own(pair, tmp_path):
  (tmp_path / "own.toml").write_text(
    'source = "moons.npz"\ntarget = "turned.npz"\nmethod = "dann"\nsteps = 4\nwidth = 8\n'
    "scale_loss = true\n[sweep]\nweight = [0.1, 1]\n"
  )
  _, argv = config.expanded(["--config", "own.toml"])
  assert argv[-3:] == ["--scale-loss", "--sweep", "weight=0.1,1"]
  assert main(["run", "--config", "own.toml", "--seeds", "1", "--out", "runs"]) == 0
  assert len(records(tmp_path / "runs")) == 2


@pytest.mark.parametrize(
  ("name", "content", "message"),
  [
    ("no.toml", None, "no file 'no.toml'"),
    ("bad.toml", "a =", "bad.toml cannot be read"),
    ("date.toml", "steps = 2020-01-01", "steps is a date"),
    ("no.json", None, "no file 'no.json': give a record"),
    ("bad.json", "{}", "bad.json is not a record"),
  ],
)
def test_what_is_no_configuration_is_one_line(pair, tmp_path, capsys, name, content, message):
  if content is not None:
    (tmp_path / name).write_text(content)
  assert main(["run", "--config", name]) == 2
  said = capsys.readouterr().err
  assert message in said and said.count("\n") == 1


def test_a_record_of_arrays_says_so(pair, tmp_path, capsys):
  import adapt

  adapt.fit(
    "source_only",
    source=(toy.MOONS.train.x, toy.MOONS.train.y),
    target=toy.TURNED.train.x,
    out=tmp_path / "runs",
    steps=4,
  )
  [file] = (tmp_path / "runs").glob("*/*/*.json")
  assert main(["run", "--config", str(file)]) == 2
  assert "was made from arrays in Python" in capsys.readouterr().err
