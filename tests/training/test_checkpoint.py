"""A run that was interrupted ends as if it had not been, to the bit; what a disk spoils is noticed."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import toy

from adapt import tuning
from adapt.experiments.run import run
from adapt.training import checkpoint, dp_sgd, stopping
from adapt.training.setup import Feed

STEPS = {"steps": 40, "evaluations": 4}


@pytest.fixture(scope="module")
def asked():
  return toy.experiment("dann", **STEPS)


@pytest.fixture(scope="module")
def whole(asked, tmp_path_factory):
  """The record of the run that nothing interrupted."""
  return run(asked, tmp_path_factory.mktemp("whole"), domains=toy.load).records[0]


def partial(out, label="dann-depth=1-width=32"):
  return out / f"toy/moons_turned/.{label}.partial"


def saved_steps(out):
  return sorted(int(p.name) for p in partial(out).iterdir() if p.name.isdigit())


@pytest.mark.holds("resumed")
def test_a_run_interrupted_twice_ends_as_if_it_had_not_been(asked, whole, tmp_path):
  [record] = toy.interrupted(asked, tmp_path, 20, 40)
  toy.assert_same_numbers(record, whole)
  assert not partial(tmp_path).exists()


@pytest.mark.parametrize(
  "changes",
  [
    {"feed": Feed("stream")},
    {"sweep": {"weight": (0.1, 0.7)}},
    {"tuning": tuning.bind("l2_sp")},
  ],
)
@pytest.mark.holds("resumed")
def test_streams_sweeps_and_warm_starts_resume_too(changes, tmp_path):
  asked = toy.experiment("dann", **STEPS, **changes)
  straight = run(asked, tmp_path / "a", domains=toy.load).records
  resumed = toy.interrupted(asked, tmp_path / "b", 30)
  assert len(resumed) == len(straight)
  for ours, theirs in zip(resumed, straight, strict=True):
    toy.assert_same_numbers(ours, theirs)


def test_private_noise_goes_on_with_its_secret(tmp_path):
  asked = toy.experiment("source_only", **STEPS, dp=dp_sgd.parsed("noise=1,clip=1"))
  with pytest.raises(toy.Crash):
    run(asked, tmp_path, domains=toy.load, report=toy.crash_at(20), minutes=0)
  folder = partial(tmp_path, next(tmp_path.glob("toy/*/.*.partial")).name[1 : -len(".partial")])
  assert folder.stat().st_mode & 0o077 == 0  # the secret is nobody else's
  with checkpoint.Checkpoints(folder, None, 0) as there:
    at = [i for i, name in enumerate(there.newest().shapes) if "secret" in name]
    assert len(at) == 1 and str(at[0]) in there.newest().leaves


def changed(file, other):
  content = bytearray(file.read_bytes())
  content[len(content) // 2] ^= 255
  file.write_bytes(content)


# Ways to spoil a file of a checkpoint; `other` is that of an earlier step.
SPOILT = {
  "changed": changed,
  "cut": lambda file, other: os.truncate(file, file.stat().st_size // 3),
  "emptied": lambda file, other: file.write_bytes(b""),
  "zeros": lambda file, other: file.write_bytes(bytes(file.stat().st_size)),
  "swapped": lambda file, other: file.write_bytes(other.read_bytes()),
  "gone": lambda file, other: file.unlink(),
}


def largest_of(out, step):
  """The largest file of arrays of a checkpoint."""
  files = [p for p in (partial(out) / str(step) / "state").rglob("d/*") if p.is_file()]
  return max(files, key=lambda p: p.stat().st_size)


# Where one array cannot be read, orbax leaves its reading of the others to itself.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("spoilt", [*SPOILT, "both"])
@pytest.mark.holds("spoilt")
def test_a_spoilt_checkpoint_is_noticed_and_not_used(asked, whole, spoilt, tmp_path, capsys):
  with pytest.raises(toy.Crash):
    run(asked, tmp_path, domains=toy.load, report=toy.crash_at(40), minutes=0)
  steps = saved_steps(tmp_path)
  assert steps == [20, 30]  # two are kept
  earlier, newest = (largest_of(tmp_path, step) for step in steps)
  SPOILT.get(spoilt, SPOILT["cut"])(newest, earlier)
  if spoilt == "both":
    SPOILT["cut"](earlier, newest)
  done = []
  [record] = run(
    asked, tmp_path, domains=toy.load, report=lambda step, *_: done.append(step), minutes=0
  ).records
  assert done == ([10, 20, 30, 40] if spoilt == "both" else [30, 40])
  toy.assert_same_numbers(record, whole)
  assert "step 30" in capsys.readouterr().err


@pytest.mark.holds("changed")
def test_another_configuration_is_refused_and_force_starts_over(asked, tmp_path):
  with pytest.raises(toy.Crash):
    run(asked, tmp_path, domains=toy.load, report=toy.crash_at(20), minutes=0)
  other = toy.experiment("dann", **STEPS, momentum=0.5)
  with pytest.raises(ValueError, match=r"settings.momentum: 0.9 → 0.5.*--force"):
    run(other, tmp_path, domains=toy.load)
  done = []
  run(other, tmp_path, domains=toy.load, force=True, report=lambda step, *_: done.append(step))
  assert done == [10, 20, 30, 40]


@pytest.mark.holds("alone")
def test_two_at_once_are_one_too_many(asked, tmp_path):
  with (
    checkpoint.Checkpoints(partial(tmp_path), None, 0),
    pytest.raises(ValueError, match="another process trains dann-depth=1-width=32 in"),
  ):
    run(asked, tmp_path, domains=toy.load)


def test_a_checkpoint_of_another_network_is_refused(asked, tmp_path):
  with pytest.raises(toy.Crash):
    run(asked, tmp_path, domains=toy.load, report=toy.crash_at(20), minutes=0)
  with checkpoint.Checkpoints(partial(tmp_path), None, 0) as there:
    found = there.newest()
  with pytest.raises(ValueError, match="another version of the program"):
    found.filling({"w": np.zeros(3)})


@pytest.mark.holds("signalled")
def test_a_signal_saves_and_the_same_call_goes_on(asked, whole, tmp_path):
  def report(step, *_):
    if step == 10:
      os.kill(os.getpid(), signal.SIGTERM)

  with pytest.raises(stopping.Stopped, match=r"^[123]0 of 40 steps are saved"):
    run(asked, tmp_path, domains=toy.load, report=report)
  assert saved_steps(tmp_path)
  [record] = run(asked, tmp_path, domains=toy.load).records
  toy.assert_same_numbers(record, whole)


@pytest.mark.holds("killed")
def test_a_killed_command_leaves_what_the_next_one_continues(tmp_path):
  """The real thing: a process killed with no warning, at its second checkpoint."""
  toy.write_pair(tmp_path)
  flags = ["--steps", "40", "--evaluations", "4", "--seeds", "1", "--checkpoint-minutes", "0"]
  files = ["--source", str(tmp_path / "moons.npz"), "--target", str(tmp_path / "turned.npz")]
  kill = (
    "import os, sys; from adapt.cli import main as cli; from adapt.training import checkpoint\n"
    "real = checkpoint.Checkpoints.save\n"
    "def save(self, mapped, past, seconds):\n"
    "  real(self, mapped, past, seconds)\n"
    "  if past.steps[-1] == 20: self.finish(); os.kill(os.getpid(), 9)\n"
    "checkpoint.Checkpoints.save = save; sys.exit(cli.main(sys.argv[1:]))"
  )

  def command(code, out):
    argv = [sys.executable, "-c", code, "run", *files, *flags, "--out", str(tmp_path / out)]
    return subprocess.run(argv, capture_output=True, text=True)

  plain = "import sys; from adapt.cli import main as cli; sys.exit(cli.main(sys.argv[1:]))"
  assert command(kill, "a").returncode == -signal.SIGKILL
  assert not list((tmp_path / "a").rglob("dann*.json"))
  for out in ("a", "b"):
    ended = command(plain, out)
    assert ended.returncode == 0, ended.stderr
  name = "dann-evaluations=4-steps=40.json"
  one, other = (
    json.loads((tmp_path / out / "run/moons_turned" / name).read_text()) for out in ("a", "b")
  )
  toy.assert_same_numbers(one, other)
