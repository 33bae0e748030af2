"""The command line as a user meets it: good runs, one-line errors with exit code 2, help, own methods."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import toy

from adapt import catalogue, methods
from adapt.cli import main
from adapt.experiments import unfinished
from adapt.training import checkpoint

SHORT = [
  "--steps",
  "6",
  "--evaluations",
  "2",
  "--seeds",
  "2",
  "--batch-size",
  "32",
  "--devices",
  "1",
]

# The README's example of a method in one file.
OWN_METHOD = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  """A --methods-path lasts as long as a process; here, as long as a test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})


@pytest.fixture
def pair(tmp_path):
  """Paths of two .npz files, moons and turned moons."""
  paths = []
  for d in (toy.MOONS, toy.TURNED):
    paths.append(tmp_path / f"{d.name}.npz")
    train, test = d.train, d.test
    np.savez(paths[-1], x=train.x, y=train.y, x_test=test.x, y_test=test.y)
  return [str(p) for p in paths]


def adapt(pair, out, *flags):
  return main.main(
    ["run", "--source", pair[0], "--target", pair[1], "--out", str(out), *SHORT, *flags]
  )


def refused(capsys, code, *words):
  captured = capsys.readouterr()
  lines = captured.err.strip().splitlines()
  lines = [line for line in lines if not line.startswith("warning: ")]  # of the audit
  assert code == 2
  assert len(lines) == 1, lines
  assert lines[0].startswith("error: ")
  assert all(w in lines[0] for w in words), lines[0]


def test_a_run_writes_its_records_and_prints_a_table(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "weighted", "source_only", "--shots", "3") == 0
  records = sorted(p.stem for p in (tmp_path / "out/run/moons_turned").glob("*.json"))
  assert records == ["source_only", "weighted"]
  shown = capsys.readouterr().out
  assert "source_only" in shown and "accuracy" in shown
  assert adapt(pair, tmp_path / "out", "--method", "weighted", "--shots", "3") == 0


def test_null_is_the_method_with_its_adaptation_term_at_zero(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "dann", "--null") == 0
  [file] = (tmp_path / "out/run/moons_turned").glob("*.json")
  assert json.loads(file.read_text())["config"]["hyperparameters"]["weight"] == 0
  assert file.stem == "dann-weight=0.0"
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
    "class_balanced",
    "--weights-beta",
    "0.9",
  ]
  flags += ["--tuning", "lora", "--tuning-rank", "2", "--sweep", "weight=0.5,2", "--lr", "0.02"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  folder = tmp_path / "out/run/moons_turned"
  records = [json.loads(p.read_text()) for p in sorted(folder.glob("dann*.json"))]
  assert [r["config"]["hyperparameters"]["weight"] for r in records] == [0.5, 2.0]
  config = records[0]["config"]
  assert config["hyperparameters"]["width"] == 8
  assert config["weights"] == {"name": "class_balanced", "beta": 0.9}
  assert config["tuning"]["rank"] == 2 and config["settings"]["lr"] == 0.02


BAD = [
  (["--method", "dnn"], ["unknown method 'dnn'", "dann"]),
  (["--method", "fine_tune"], ["--shots"]),
  (["--method", "fine_tune", "--shots", "500"], ["500", "class"]),
  (["--batch-size", "1000"], ["1000", "batch"]),
  (["--shots", "many"], ["--shots", "many"]),
  (["--frobnicate", "1"], ["--frobnicate"]),
  (["--width", "wide"], ["--width", "wide"]),
  (["--sweep", "weight"], ["--sweep", "weight=0.1,1"]),
  (["--sweep", "weight=1,x"], ["--sweep"]),
  (["--sweep", "wieght=1,2"], ["wieght"]),
  (["--weights", "luck"], ["luck", "kmm"]),
  (["--tuning", "luck"], ["luck", "lora"]),
  (["--model", "gpt"], ["gpt", "mlp"]),
  (["--optimizer", "lyon"], ["lyon", "did you mean lion", "adam"]),
  (["--schedule", "step"], ["step", "cosine"]),
  (["--precision", "f8"], ["f8", "bf16"]),
  (["--parallel", "ring"], ["ring", "pmap"]),
  (["--devices", "99"], ["--devices"]),
  (["--validator", "oracle"], ["oracle", "entropy"]),
  (["--steps", "0"], ["--steps"]),
  (["--methods-path", "/no/such/folder"], ["no folder"]),
  (["--target", "missing.npz"], ["missing.npz"]),
  (["--target"], ["--target", "expected one argument"]),
]


def test_a_parameter_named_like_a_general_flag_is_refused(pair, tmp_path, capsys):
  code = OWN_METHOD.split("<!-- own method -->")[1].split("```python\n")[1].split("```")[0]
  (tmp_path / "mine.py").write_text(
    code.replace("min_entropy", "mine").replace("weight:", "steps:")
  )
  (tmp_path / "helper.py").write_text("import nothing_of_this_name\n")
  path = ["--methods-path", str(tmp_path)]
  assert main.main(["methods", *path]) == 0
  capsys.readouterr()
  code = adapt(pair, tmp_path / "out", "--method", "mine", *path)
  refused(capsys, code, "'steps' of method mine clashes")
  (tmp_path / "broken.py").write_text("import nothing_of_this_name\ndef broken(net): ...\n")
  code = adapt(pair, tmp_path / "out", "--method", "broken", *path)
  refused(capsys, code, "broken.py cannot be imported", "nothing_of_this_name")


@pytest.mark.parametrize(("flags", "words"), BAD, ids=lambda v: " ".join(v))
@pytest.mark.holds("refused")
def test_bad_input_is_one_line_and_writes_nothing(pair, tmp_path, capsys, flags, words):
  try:
    code = adapt(pair, tmp_path / "out", *flags)
  except SystemExit as stop:
    code = stop.code
  refused(capsys, code, *words)
  assert not list(tmp_path.glob("out/**/*.json"))


def broken(tmp_path, **arrays):
  path = tmp_path / "broken.npz"
  good = {"x": toy.TURNED.train.x, "y": toy.TURNED.train.y}
  np.savez(path, **{k: v for k, v in {**good, **arrays}.items() if v is not None})
  return str(path)


X, Y = toy.TURNED.train.x, toy.TURNED.train.y
NAN = np.where(np.arange(len(X))[:, None] == 3, np.nan, X).astype(np.float32)
BROKEN = [
  ({"x": None, "inputs": X}, ["inputs"]),
  ({"y": Y[:-1]}, ["319", "320"]),
  ({"y": Y + 0.5}, ["integer"]),
  ({"y": Y - 1}, ["negative"]),
  ({"y": Y * 2}, ["class"]),
  ({"x": NAN}, ["NaN"]),
  ({"x": X[:, :1]}, ["shape"]),
  ({"x": X[:0], "y": Y[:0]}, ["empty"]),
  ({"x": X.astype(object)}, ["object"]),
]


@pytest.mark.parametrize(("arrays", "words"), BROKEN, ids=lambda v: " ".join(v))
@pytest.mark.holds("refused")
def test_broken_data_is_refused_in_one_line(pair, tmp_path, capsys, arrays, words):
  code = adapt([pair[0], broken(tmp_path, **arrays)], tmp_path / "out")
  refused(capsys, code, *words)
  assert not (tmp_path / "out").exists()


@pytest.mark.holds("disk")
def test_an_unwritable_folder_is_refused_before_training(pair, tmp_path, capsys):
  (tmp_path / "file").write_text("in the way")
  refused(capsys, adapt(pair, tmp_path / "file"), "--out")


def test_methods_lists_all_and_shows_the_flags_of_one(capsys, monkeypatch):
  monkeypatch.setitem(sys.modules, "piqp", None)  # listed all the same
  assert main.main(["methods"]) == 0
  shown = capsys.readouterr().out
  assert all(name in shown for name in ("dann", "coral", "kmm", "lora"))
  assert main.main(["methods", "dann"]) == 0
  shown = capsys.readouterr().out
  assert "--weight" in shown and "default: 1.0" in shown and "reversed critic gradient" in shown


def test_all_is_every_method_that_the_shots_allow():
  few = set(main._expand(["all"], shots=0))
  assert {"source_only", "target_only", "dann", "coral"} <= few
  more = set(main._expand(["all"], shots=5)) - few
  assert {"fine_tune", "weighted"} <= more
  assert all("labelled" in methods.traits(name, {}).reads for name in more)
  assert main._expand(["dann", "source_only", "dann"], shots=0) == ["source_only", "dann"]


def test_all_leaves_out_what_needs_more_sources_than_a_task_has():
  one, several = toy.TASK, toy.SEVERAL
  left_out = set(main._expand(["all"], 0, [several])) - set(
    main._expand(["all"], 0, [several, one])
  )
  assert {"mdan", "m3sda", "group_dro", "vrex", "irm"} <= left_out
  assert left_out == {n for n in main._expand(["all"], 0) if methods.traits(n, {}).sources > 1}


def test_the_flags_of_all_methods_go_together(capsys):
  from benchmarks.quickstart import SUITE

  with pytest.raises(SystemExit) as stop:
    main.benchmark(SUITE, [*methods.names(), "--help"])  # "all" would be those its tasks allow
  assert stop.value.code == 0
  shown = capsys.readouterr().out
  assert all(f"method {name}:" in shown for name in methods.names())


def test_help_of_a_run_shows_the_method_s_flags(capsys):
  with pytest.raises(SystemExit) as stop:
    main.main(["run", "--method", "weighted", "--help"])
  assert stop.value.code == 0
  shown = capsys.readouterr().out
  assert "--balance" in shown and "--batch-size" in shown and "share of the target loss" in shown


def test_own_data_needs_no_data_libraries(pair, tmp_path):
  heavy = "tensorflow_datasets grain wandb mlxtend"
  arguments = [
    "run",
    "--source",
    pair[0],
    "--target",
    pair[1],
    "--out",
    str(tmp_path / "o"),
    *SHORT,
  ]
  code = (
    f"import sys; from adapt.cli import main as cli; assert cli.main({arguments!r}) == 0; "
    f"bad = [m for m in {heavy.split()} if m in sys.modules]; assert not bad, bad"
  )
  subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_readme_s_method_in_one_file_runs(pair, tmp_path, capsys):
  code = OWN_METHOD.split("<!-- own method -->")[1].split("```python\n")[1].split("```")[0]
  assert len(code.strip().splitlines()) <= 30
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine/min_entropy.py").write_text(code)
  path = ["--methods-path", str(tmp_path / "mine")]
  assert adapt(pair, tmp_path / "out", "--method", "min_entropy", "--weight", "0.3", *path) == 0
  assert main.main(["methods", *path]) == 0
  assert "min_entropy" in capsys.readouterr().out
  record = json.loads((tmp_path / "out/run/moons_turned/min_entropy-weight=0.3.json").read_text())
  assert record["config"]["hyperparameters"] == {"weight": 0.3}


@pytest.mark.holds("diverged")
def test_a_diverged_loss_names_step_method_and_seed_and_keeps_the_record(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "coral", "--lr", "1e20") == 3
  lines = [li for li in capsys.readouterr().err.splitlines() if li.startswith("error: ")]
  assert len(lines) == 2
  assert "coral on moons_turned is not finite from step" in lines[1] and "seed 1" in lines[1]
  record = json.loads((tmp_path / "out/run/moons_turned/coral.json").read_text())
  assert set(record["diverged"]) == {"0", "1"}


def test_wandb_offline_gets_the_run_and_its_table(pair, tmp_path):
  wandb = pytest.importorskip("wandb")
  flags = ["--method", "source_only", "--wandb", "offline"]
  assert adapt(pair, tmp_path / "out", *flags) == 0
  wandb.teardown()
  [run] = (tmp_path / "out/wandb").glob("offline-run-*")
  assert list(run.glob("*.wandb"))
  assert list(run.glob("files/media/table/*.json"))


def test_what_a_kill_has_left_beside_a_finished_record_is_deleted(pair, tmp_path):
  """Unless another process trains there: a source model, for the method that starts from it."""
  out = tmp_path / "runs"
  assert adapt(pair, out, "--method", "source_only") == 0
  [made] = out.glob("*/*/*.json")
  left = unfinished.folder_of(made)
  held = checkpoint.Checkpoints(left, None, 5.0)
  assert adapt(pair, out, "--method", "source_only") == 0
  assert left.exists()
  held._lock.close()
  assert adapt(pair, out, "--method", "source_only") == 0
  assert not left.exists()


@pytest.mark.holds("changed")
def test_settings_in_the_way_are_refused_before_any_training(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "source_only") == 0
  capsys.readouterr()
  flags = ["--method", "coral", "source_only", "--momentum", "0.5"]
  refused(capsys, adapt(pair, tmp_path / "out", *flags), "settings.momentum: 0.9 → 0.5", "--force")
  assert not (tmp_path / "out/run/moons_turned/coral.json").exists()
  # What source_only does not read is no other setting.
  flags = ["--method", "source_only", "--shots", "5", "--validator", "entropy"]
  assert adapt(pair, tmp_path / "out", *flags) == 0


def test_all_leaves_out_what_does_not_serve_the_classes_of_the_tasks():
  whole = set(main._expand(["all"], 0, [toy.TASK]))
  assert "dann" in whole and "osbp" not in whole
  unknown = set(main._expand(["all"], 5, [toy.OPEN, toy.UNIVERSAL]))
  assert {"source_only", "osbp", "dance"} <= unknown and not {"dann", "fine_tune"} & unknown


def test_class_sets_by_flag(tmp_path, capsys):
  paths = []
  for d in (toy.BLOBS, toy.MOVED):
    paths.append(str(tmp_path / f"{d.name}.npz"))
    np.savez(paths[-1], x=d.train.x, y=d.train.y, x_test=d.test.x, y_test=d.test.y)
  out = tmp_path / "out"
  assert adapt(paths, out, "--method", "osbp", "--classes", "4/2/2") == 0
  shown = capsys.readouterr()
  assert "H-score" in shown.out and "no source has" not in shown.err
  [file] = out.glob("run/*/*.json")
  assert json.loads(file.read_text())["config"]["classes"]["shared"] == 4
  refused(capsys, adapt(paths, out, "--method", "dann", "--classes", "4/2/2"), "universal", "osbp")
  refused(capsys, adapt(paths, out, "--classes", "4/2"), "SHARED/SOURCE/TARGET")
  refused(
    capsys,
    adapt(paths, out, "--method", "osbp", "--classes", "4/2/9"),
    "4/2/9 needs class 8",
    "8 classes",
  )
