"""The command line as a user meets it: good runs, one-line errors with exit code 2, help, own methods."""

import json
import subprocess
import sys

import documents
import numpy as np
import pytest
import toy
from small_runs import SAID, SHORT, adapt, refused

from adapt.cli import main
from adapt.experiments import own_data, unfinished
from adapt.experiments.own_suite import own_suite
from adapt.training import checkpoint

# The README's example of a method in one file.
OWN_METHOD = documents.code("own method")


def test_a_run_writes_its_records_and_prints_a_table(pair, tmp_path, capsys):
  assert adapt(pair, tmp_path / "out", "--method", "weighted", "source_only", "--shots", "3") == 0
  records = sorted(p.stem for p in (tmp_path / "out/run/moons_turned").glob("*.json"))
  assert records == [f"source_only-{SAID}", f"weighted-{SAID}".replace("steps", "shots=3-steps")]
  shown = capsys.readouterr().out
  assert "source_only" in shown and "accuracy" in shown
  assert adapt(pair, tmp_path / "out", "--method", "weighted", "--shots", "3") == 0


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
  (["--measure", "r2"], ["--measure r2 judges no classes", "auroc"]),
  (["--methods-path", "/no/such/folder"], ["no folder"]),
  (["--target", "missing.npz"], ["missing.npz"]),
  (["--target"], ["--target", "expected one argument"]),
]


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
  ({"x": None, "strange": X}, ["strange"]),
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
  assert all(name in shown for name in ("dann", "coral", "shot"))
  assert main.main(["methods", "dann"]) == 0
  shown = " ".join(capsys.readouterr().out.split())
  assert "--weight" in shown and "default: 1.0" in shown and "reversed critic gradient" in shown


def test_own_data_needs_no_data_libraries(pair, tmp_path):
  heavy = "tensorflow_datasets grain wandb mlxtend scipy.stats"
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
  assert len(OWN_METHOD.strip().splitlines()) <= 30
  (tmp_path / "mine").mkdir()
  (tmp_path / "mine/min_entropy.py").write_text(OWN_METHOD)
  path = ["--methods-path", str(tmp_path / "mine")]
  assert adapt(pair, tmp_path / "out", "--method", "min_entropy", "--weight", "0.3", *path) == 0
  assert main.main(["methods", *path]) == 0
  assert "min_entropy" in capsys.readouterr().out
  folder = tmp_path / "out/run/moons_turned"
  record = json.loads((folder / f"min_entropy-{SAID}-weight=0.3.json").read_text())
  assert record["config"]["hyperparameters"] == {"weight": 0.3}


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


def test_what_reading_has_done_is_told_once(tmp_path, capsys):
  pytest.importorskip("pyarrow")
  for name in "ab":
    rows = "".join(f"{k},{'' if k == 3 else k * 2},{k % 2}\n" for k in range(20))
    (tmp_path / f"{name}.csv").write_text(f"one,two,target\n{rows}")
  files = [str(tmp_path / f"{name}.csv") for name in "ab"]
  one = own_suite("run", own_data.loaded(files))
  main._tell([one, one])
  told = capsys.readouterr().err.splitlines()
  assert all(line.startswith(("note: ", "warning: ")) for line in told)
  assert len(set(told)) == len(told)
  assert sum("labels are the column 'target'" in line for line in told) == 2
