"""Killed at any moment, a suite that is started again ends with the parameters it would have had."""

import json
import math
import os
import random
import signal
import time

import forks
import pytest
import toy

from adapt import compile_cache

KILLS = int(os.environ.get("ADAPT_KILLS", "5"))  # benchmarks.kills takes 200
METHODS = ("source_only", "shot")  # which starts from the model of source_only
STEPS, EVALUATIONS = 240, 6
LABELS = [f"{method}-evaluations={EVALUATIONS}-steps={STEPS}" for method in METHODS]


@pytest.fixture
def zygote(tmp_path):
  # A cache of its own: what is killed leaves half a program, of which other commands would warn.
  kept = str(compile_cache.folder("killed-tests"))
  made = forks.Zygote(tmp_path, {"JAX_COMPILATION_CACHE_DIR": kept})
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
  """Each kill −9 falls somewhere between start and end; nothing depends on when."""
  assert zygote.run([*arguments, "whole"]) == 0
  whole = records(tmp_path / "whole")
  assert sorted(whole) == sorted(LABELS)
  length = math.inf  # of a run from the cache of compiled programs, the shortest seen
  chosen, kills, suites = random.Random(0), 0, 0
  while kills < KILLS:
    out, attempts = tmp_path / f"out{suites}", 0
    began = time.monotonic()
    while code := zygote.run([*arguments, out.name], later(chosen, length, attempts)):
      assert code == -signal.SIGKILL
      attempts += 1
      # What is there is whole, at any moment.
      assert all(r["parameters"] for r in records(out).values())
    if not attempts:
      length = min(length, time.monotonic() - began)
    kills, suites = kills + attempts, suites + 1
    for label, record in records(out).items():
      toy.assert_same_numbers(record, whole[label])
    assert sorted(records(out)) == sorted(LABELS)
    assert not list(out.rglob("*.partial"))


def later(chosen, length, attempts):
  """Seconds to live: the more attempts, the longer, as a busy machine may reach no checkpoint in time."""
  return chosen.uniform(0, length * (1 + attempts / 10))
