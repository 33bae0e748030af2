"""`adapt data` as a user meets it: lists, pictures, the audit's exit code, and one line for bad input."""

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from adapt.cli import data, main
from adapt.data import builders, kept_arrays
from adapt.data.builders import Description

EASY = Description(
  "easy", (), ("cat", "dog"), {None: {"train": 70, "test": 30}}, "CC BY 4.0", "http://a.b", "", True
)
HARD = Description(
  "hard",
  ("old", "new"),
  ("x", "y", "z"),
  {"old": {"train": 1000}, "new": {"train": 500}},
  "No licence is stated.",
  "http://c.d",
  "Ask its authors for hard.zip.",
  False,
)


@pytest.fixture
def sets(monkeypatch):
  """Two data sets instead of the real ones."""
  known = {"easy": EASY, "hard": HARD}

  def describe(name):
    if name not in known:
      raise ValueError(f"unknown data set '{name}': choose from easy, hard")
    return known[name]

  monkeypatch.setattr(builders, "names", lambda: tuple(known))
  monkeypatch.setattr(builders, "describe", describe)


def adapt(*arguments):
  return main.main(["data", *map(str, arguments)])


def refused(capsys, arguments, *words):
  try:
    code = adapt(*arguments)
  except SystemExit as stop:
    code = stop.code
  lines = capsys.readouterr().err.strip().splitlines()
  assert code == 2
  assert len(lines) == 1, lines
  assert lines[0].startswith("error: ")
  assert all(word in lines[0] for word in words), lines[0]


def size(path):
  with Image.open(path) as image:
    return image.size


def npz(path, seed, n=60, copied=None):
  x = np.random.default_rng(seed).normal(0, 1, (n, 4)).astype(np.float32)
  if copied is not None:
    x[:5] = copied
  np.savez(path, x=x[:40], y=np.arange(40) % 2, x_test=x[40:], y_test=np.arange(20) % 2)
  return x


def test_list(sets, tmp_path, capsys):
  (tmp_path / "hard/old/1.0.0").mkdir(parents=True)
  (tmp_path / "hard/old/1.0.0/dataset_info.json").write_text("{}")
  assert adapt("list", "--data-dir", tmp_path) == 0
  rows = [line.split() for line in capsys.readouterr().out.splitlines()]
  assert ["easy", "1", "2", "100", "CC", "BY", "4.0", "auto"] in rows
  assert ["hard", "2", "3", "1,500", "none", "stated", "1", "of", "2"] in rows
  (tmp_path / "hard/old/1.0.0/dataset_info.json").unlink()
  (tmp_path / "easy/1.0.0").mkdir(parents=True)
  (tmp_path / "easy/1.0.0/dataset_info.json").write_text("{}")
  assert adapt("list", "--data-dir", tmp_path) == 0
  shown = capsys.readouterr().out
  rows = [line.split() for line in shown.splitlines()]
  assert ["easy", "1", "2", "100", "CC", "BY", "4.0", "ready"] in rows
  assert ["hard", "2", "3", "1,500", "none", "stated", "by", "hand"] in rows
  assert "mnist5k" in shown


def test_list_fits_80_columns_and_knows_every_set(capsys, monkeypatch, tmp_path):
  pytest.importorskip("tensorflow_datasets")
  monkeypatch.setenv("COLUMNS", "80")
  assert adapt("list", "--data-dir", tmp_path) == 0
  shown = capsys.readouterr().out
  assert all(f" {name} " in shown for name in builders.names())
  assert max(map(len, shown.splitlines())) <= 80


def test_list_says_one_set_in_full(sets, tmp_path, capsys):
  assert adapt("list", "hard", "--data-dir", tmp_path) == 0
  shown = capsys.readouterr().out
  for words in (
    "3 classes (x, y, z)",
    "old: train 1000",
    "No licence is stated.",
    "Ask its authors",
  ):
    assert words in shown
  assert "adapt data prepare hard --from FOLDER" in shown
  assert adapt("list", "easy", "--data-dir", tmp_path) == 0
  shown = capsys.readouterr().out
  assert "to get it: automatic" in shown and "--from" not in shown


def test_prepare_gives_its_arguments_on(sets, monkeypatch, capsys):
  asked = []

  def prepare(name, source, data_dir):
    asked.append((name, source, data_dir))
    return {name: {"train": 7, "test": 3}}

  monkeypatch.setattr(builders, "prepare", prepare)
  assert adapt("prepare", "easy", "hard", "--from", "here", "--data-dir", "there") == 0
  assert asked == [("easy", "here", "there"), ("hard", "here", "there")]
  assert capsys.readouterr().out.startswith("easy: train 7, test 3 (0 s)")
  refused(capsys, ["prepare", "easy", "esay"], "unknown data set 'esay'", "easy, hard")
  assert len(asked) == 2


def test_show(tmp_path, capsys, monkeypatch):
  monkeypatch.chdir(tmp_path)
  x = np.random.default_rng(0).integers(0, 255, (20, 8, 8)).astype(np.uint8)
  np.savez("digits.npz", x=x, y=np.arange(20) % 2)
  assert adapt("show", "digits.npz", "--out", "new/a.png") == 0
  assert capsys.readouterr().out.strip() == "new/a.png"
  assert size("new/a.png")[1] > 100
  assert adapt("show", "digits.npz") == 0
  assert capsys.readouterr().out.strip() == "digits.png"
  npz(tmp_path / "v.npz", 0)
  refused(capsys, ["show", "v.npz"], "v has examples of shape [4], not images")
  refused(
    capsys, ["show", "pacs", "--domain", "potho"], "unknown domain 'pacs_potho'", "pacs_photo"
  )


def test_audit_of_a_clean_pair(tmp_path, capsys):
  npz(tmp_path / "a.npz", 0)
  npz(tmp_path / "b.npz", 1)
  out = tmp_path / "new/report.json"
  arguments = [tmp_path / "a.npz", tmp_path / "b.npz", "--json", out]
  assert adapt("audit", *arguments, "--plot", tmp_path / "new/plot.png") == 0
  assert "0 leaks, 0 warnings, 0 notes" in capsys.readouterr().out
  report = json.loads(out.read_text())
  assert report["leaks"] is False and report["findings"] == []
  assert report["balance"]["b test"] == [10, 10]
  assert size(tmp_path / "new/plot.png")[0] > 300


def test_audit_of_a_leak(tmp_path, capsys):
  x = npz(tmp_path / "b.npz", 1)
  npz(tmp_path / "a.npz", 0, copied=x[40:45])
  npz(tmp_path / "c.npz", 2)
  names = [tmp_path / f"{n}.npz" for n in "cab"]  # two sources, then the target
  assert adapt("audit", *names, "--json", tmp_path / "r.json") == 1
  shown = " ".join(capsys.readouterr().out.split())
  assert "1 leak, 0 warnings" in shown and "leak" in shown
  [finding] = json.loads((tmp_path / "r.json").read_text())["findings"]
  assert (finding["severity"], finding["check"], finding["affected"]) == ("leak", "duplicates", 5)
  assert finding["examples"] == [f"b test[{i}] = a train[{i}]" for i in range(5)]
  assert "test[2]" in shown and "test[3]" not in shown and "3 examples of each are shown" in shown


def test_audit_refuses(tmp_path, capsys):
  npz(tmp_path / "a.npz", 0)
  a = tmp_path / "a.npz"
  refused(capsys, ["audit", a, tmp_path / "absent.npz"], "no file", "absent.npz")
  refused(capsys, ["audit", a, a], "name two different sets")
  refused(capsys, ["audit", a], "TARGET")
  refused(capsys, ["audit", a, a, "--frobnicate"], "--frobnicate")
  refused(capsys, ["shwo", "mnist"], "shwo")
  refused(capsys, ["list", "no_such_set"], "unknown data set 'no_such_set'")
  refused(capsys, ["prepare"], "NAME")
  npz(tmp_path / "b.npz", 1)
  file = tmp_path / "in_the_way"
  file.write_text("")
  for flag in ("--json", "--plot"):
    out = ["audit", a, tmp_path / "b.npz", flag, file / "r.json"]
    refused(capsys, out, "cannot write", "in_the_way")


@pytest.mark.holds("disk")
@pytest.mark.parametrize("flag", ["--json", "--plot"])
def test_an_audit_that_does_not_fit_leaves_the_old_file(tmp_path, capsys, monkeypatch, flag):
  def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

  names = [tmp_path / "a.npz", tmp_path / "b.npz"]
  for seed, name in enumerate(names):
    npz(name, seed)
  (out := tmp_path / "out/r.png").parent.mkdir()
  out.write_text("old")
  monkeypatch.setattr(os, "fsync", full)
  refused(capsys, ["audit", *names, flag, out], "cannot write", "r.png (No space left on device)")
  assert out.read_text() == "old" and os.listdir(out.parent) == ["r.png"]


def test_help_names_the_command(capsys):
  assert main.main(["--help"]) == 0
  assert "list, prepare, show and audit data sets" in capsys.readouterr().out


def test_the_list_is_there_for_programs_and_without_a_word(capsys):
  assert main.main(["data", "list", "--json"]) == 0
  found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
  assert found["usps"]["classes"][0] == "0" and found["usps"]["get_it"] == "auto"
  assert main.main(["data", "list", "usps", "--json"]) == 0
  assert json.loads(capsys.readouterr().out) == found["usps"]
  assert main.main(["data"]) == 0
  assert "usps" in capsys.readouterr().out


def test_other_commands_do_not_import_it():
  code = (
    "import sys; from adapt.cli import main as cli; cli.main(['methods']); "
    "sys.exit('adapt.cli.data' in sys.modules)"
  )
  subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.holds("kept")
def test_verify_reads_everything_that_is_kept(tmp_path, capsys):
  folders = [tmp_path / name for name in (kept_arrays.FEATURES, kept_arrays.WEIGHTS)]
  files = [folder / f"{folder.name}.npy" for folder in folders]
  for file in files:
    kept_arrays.keep(file, np.zeros(10))
  verify = ["verify", "--data-dir", str(tmp_path)]
  assert data.main(verify) == 0
  files[0].write_bytes(files[1].read_bytes())
  capsys.readouterr()
  assert data.main(verify) == 1
  told = capsys.readouterr()
  assert f"{files[0]} is damaged (it is of other data)" in told.err and "2 kept arrays" in told.out
  assert data.main(verify) == 0 and files[1].exists()
