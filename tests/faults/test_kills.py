"""The benchmark of kills, on what compiles nothing; `python -m benchmarks.kills` takes them all."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.holds("kept")
def test_an_array_killed_while_it_is_kept_is_made_again():
  command = [sys.executable, "-W", "ignore", "-m", "benchmarks.kills", "--kills", "8"]
  done = subprocess.run(
    [*command, "--only", "kept"], cwd=ROOT, capture_output=True, text=True, timeout=100
  )
  assert done.returncode == 0, done.stderr
  assert " kills, 0 wrong" in done.stdout
