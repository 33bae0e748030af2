"""Tracking: what wandb is given arrives; whatever wandb does, the run goes on."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import types

import pytest
from wandb_file import stored

from adapt.report.wandb_log import Tracker

SECRET = "0123456789" * 4


def test_offline_run_holds_what_was_logged(tmp_path, monkeypatch):
  wandb = pytest.importorskip("wandb")
  from PIL import Image

  monkeypatch.setenv("WANDB_API_KEY", SECRET)
  Image.new("RGB", (8, 8)).save(tmp_path / "picture.png")
  tracker = Tracker()
  tracker.start(
    "offline",
    "adapt",
    "digits/dann",
    {"hyperparameters": {"weight": 0.25}},
    tmp_path,
    "digits",
    ("dann", "dp"),
  )
  tracker.log(100, {"target_accuracy": 0.5})
  tracker.log(200, {"target_accuracy": 0.875})
  tracker.finish({"final_accuracy": 0.8125}, {"curves": tmp_path / "picture.png"})

  # finish() may return while wandb's own process still writes; this waits for its end,
  # as the end of a program does.
  wandb.teardown()
  (file,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
  curve, config, summary, names, groups = {}, {}, {}, set(), set()
  for item in stored(file):
    kind = item.WhichOneof("record_type")
    if kind == "history":
      row = {i.key or i.nested_key[0]: json.loads(i.value_json) for i in item.history.item}
      if "target_accuracy" in row:
        curve[row["_step"]] = row["target_accuracy"]
    elif kind == "summary":
      for i in item.summary.update:
        summary[i.key or i.nested_key[0]] = json.loads(i.value_json)
    elif kind in ("run", "config"):
      update = item.run.config.update if kind == "run" else item.config.update
      config.update({i.key or i.nested_key[0]: json.loads(i.value_json) for i in update})
      names.add(item.run.display_name)
      groups.add((item.run.run_group, *item.run.tags))
  assert curve == {100: 0.5, 200: 0.875}
  assert config["hyperparameters"] == {"weight": 0.25}
  assert summary["final_accuracy"] == 0.8125
  assert "digits/dann" in names and ("digits", "dann", "dp") in groups
  pictures = list(tmp_path.glob("wandb/offline-run-*/files/media/images/*.png"))
  assert len(pictures) == 1
  for path in tmp_path.rglob("*"):
    assert not path.is_file() or SECRET.encode() not in path.read_bytes()


class Broken:
  """A wandb in which the named call raises."""

  def __init__(self, broken):
    self._broken = broken
    self.calls = []
    self.summary = self

  def __getattr__(self, name):
    def call(*args, **kwargs):
      self.calls.append(name)
      if name in self._broken:
        raise OSError("no\nnetwork")
      return self

    return call


@pytest.mark.parametrize(
  "broken",
  [("Settings",), ("init",), ("log",), ("update",), ("Image",), ("finish",), ("log", "finish")],
)
def test_a_failing_wandb_stops_nothing(broken, tmp_path, monkeypatch, capsys):
  fake = Broken(broken)
  module = types.ModuleType("wandb")
  module.__getattr__ = fake.__getattr__
  monkeypatch.setitem(sys.modules, "wandb", module)
  tracker = Tracker()
  tracker.start("online", "adapt", "name", {}, tmp_path)
  tracker.log(1, {"loss": 1.0})
  tracker.log(2, {"loss": 0.5})
  tracker.finish({"accuracy": 1.0}, {"curves": tmp_path / "curves.png"})
  assert len(capsys.readouterr().err.splitlines()) == 1
  if broken[0] == "log":
    assert fake.calls.count("log") == 1
  calls = len(fake.calls)
  tracker.start("online", "adapt", "the next cell", {}, tmp_path)
  assert len(fake.calls) == calls and not capsys.readouterr().err


@pytest.mark.holds("tracked")
def test_a_server_that_is_absent_or_hangs_costs_one_line(tmp_path):
  """The real package against a port that nobody listens on, and one where nobody answers."""
  pytest.importorskip("wandb")
  code = (
    "import sys; from adapt.report.wandb_log import Tracker; t = Tracker();"
    "t.start('online', 'p', 'n', {}, sys.argv[1]); t.log(1, {}); t.finish({}, {}); print('done')"
  )
  with contextlib.ExitStack() as stack:
    silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
    with socket.create_server(("127.0.0.1", 0)) as gone:
      ports = silent.getsockname()[1], gone.getsockname()[1]
    started = []
    for port in ports:  # both at once, as wandb waits longer than it is told
      own = {"WANDB_BASE_URL": f"http://127.0.0.1:{port}", "WANDB_API_KEY": SECRET}
      program = stack.enter_context(
        subprocess.Popen(
          [sys.executable, "-c", code, str(tmp_path)],
          env={**os.environ, **own, "WANDB_INIT_TIMEOUT": "2"},
          stdout=subprocess.PIPE,
          stderr=subprocess.PIPE,
          text=True,
        )
      )
      stack.callback(program.kill)  # its end waits for the server once more
      started.append(program)
    for program in started:
      assert program.stdout.readline() == "done\n"
      program.kill()
      said = program.stderr.read()
      [line] = [line for line in said.splitlines() if line.startswith("warning:")]
      assert "wandb stopped, the run goes on without it" in line and SECRET not in said


def test_missing_package_is_one_line(tmp_path, monkeypatch, capsys):
  monkeypatch.setitem(sys.modules, "wandb", None)
  tracker = Tracker()
  tracker.start("offline", "adapt", "name", {}, tmp_path)
  tracker.log(1, {"loss": 1.0})
  tracker.finish({}, {})
  assert capsys.readouterr().err.startswith("warning: wandb stopped")


def test_off_imports_nothing(tmp_path):
  code = (
    "import sys; from adapt.report.wandb_log import Tracker; t = Tracker();"
    "t.start('off', 'p', 'n', {}, '.'); t.log(1, {}); t.finish({}, {});"
    "sys.exit('wandb' in sys.modules)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)
  with pytest.raises(ValueError, match="online"):
    Tracker().start("on", "p", "n", {}, tmp_path)
