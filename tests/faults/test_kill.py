"""Killed at any moment, a suite that is started again ends with the parameters it would have had."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import toy

KILLS = int(os.environ.get("ADAPT_KILLS", "15"))  # fifty take four minutes
METHODS = ("source_only", "shot")  # which starts from the model of source_only
STEPS, EVALUATIONS = 240, 6
LIMIT = 60  # seconds that anything may take


class Zygote:
  """Runs `adapt` in forks of one process that has imported it."""

  def __init__(self, folder: Path) -> None:
    script = Path(__file__).with_name("zygote.py")
    self.errors = (folder / "stderr").open("w+")
    self.process = subprocess.Popen(
      [sys.executable, "-W", "ignore", str(script)],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=self.errors,
      text=True,
      cwd=folder,
      env={
        **os.environ,
        "JAX_ENABLE_COMPILATION_CACHE": "true",
        "JAX_COMPILATION_CACHE_DIR": str(folder / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
      },
    )

  def start(self, arguments: list[str]) -> int:
    """Starts a command; returns its process."""
    print(json.dumps(arguments), file=self.process.stdin, flush=True)
    return int(self._answer("started"))

  def end(self) -> int:
    """Waits for it; returns its exit code, negative for a signal."""
    return int(self._answer("ended"))

  def _answer(self, word: str) -> str:
    for line in self.process.stdout:
      if line.startswith(word):
        return line.removeprefix(word)
    raise AssertionError("the zygote has died")

  def close(self) -> None:
    self.process.stdin.close()
    self.process.wait(LIMIT)
    self.process.stdout.close()
    self.errors.close()


@pytest.fixture
def zygote(tmp_path):
  made = Zygote(tmp_path)
  yield made
  made.close()


@pytest.fixture
def arguments(tmp_path):
  toy.write_pair(tmp_path)
  pair = ["run", "--source", "moons.npz", "--target", "turned.npz", "--method", *METHODS]
  settings = f"--steps {STEPS} --evaluations {EVALUATIONS} --seeds 1 --devices 1".split()
  return [*pair, *settings, "--checkpoint-minutes", "0", "--out"]


def records(out):
  return {p.stem: json.loads(p.read_text()) for p in out.glob("run/*/*.json")}


@pytest.mark.holds("killed")
def test_killed_at_random_moments(zygote, arguments, tmp_path):
  """Each kill −9 falls between the first sign of training and the end; nothing depends on when."""
  zygote.start([*arguments, "whole"])
  assert zygote.end() == 0
  whole = records(tmp_path / "whole")
  assert sorted(whole) == sorted(METHODS)
  began = time.monotonic()
  zygote.start([*arguments, "timed"])  # from the cache of compiled programs, as those to be killed
  assert zygote.end() == 0
  length = time.monotonic() - began

  chosen, kills, suites = random.Random(0), 0, 0
  while kills < KILLS:
    suites += 1
    out = tmp_path / f"out{suites}"
    while (code := run_or_kill(zygote, [*arguments, out.name], chosen.uniform(0, length))) != 0:
      assert code == -signal.SIGKILL
      kills += 1
      # What is there is whole, at any moment.
      assert all(r["parameters"] for r in records(out).values())
    for label, record in records(out).items():
      toy.assert_same_numbers(record, whole[label])
    assert sorted(records(out)) == sorted(METHODS)
    left = [p for p in out.rglob("*") if p.name.endswith((".partial", ".tmp"))]
    assert not [p for p in left if p.suffix == ".partial"]


def run_or_kill(zygote, arguments, seconds):
  """Exit code of a command that is killed after so many seconds, if it has not ended by then."""
  pid = zygote.start(arguments)
  deadline = time.monotonic() + seconds
  while time.monotonic() < deadline:
    if Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
      break
    time.sleep(0.01)
  os.kill(pid, signal.SIGKILL)  # a process that has ended is there until it is waited for
  return zygote.end()
