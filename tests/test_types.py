"""Types of what users import: a wrong name is an error before anything runs."""

import subprocess
import sys

import pytest

RIGHT = """
import numpy as np

import adapt
from adapt import Batch, Method, Net
from adapt.methods.dann import dann


def mine(net: Net) -> Method:
  return dann(net, weight=3)


def use(x: np.ndarray, y: np.ndarray) -> float:
  run = adapt.fit(mine, source=(x, y), target=x, steps=10)
  accuracy = run.accuracy
  return 0.0 if accuracy is None else accuracy.mean
"""
WRONG = {
  "weight=3": ("wieght=3", 'Unexpected keyword argument "wieght"'),
  "run.accuracy": ("run.acuracy", '"Fitted" has no attribute "acuracy"'),
  "source=(x, y)": ("sources=(x, y)", 'Missing named argument "source"'),
}


def checked(tmp_path, text):
  (tmp_path / "user.py").write_text(text)
  command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache", "user.py"]
  return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)


@pytest.mark.slow
def test_a_user_s_wrong_names_are_seen(tmp_path):
  right = checked(tmp_path, RIGHT)
  assert right.returncode == 0, right.stdout
  text = RIGHT
  for old, (new, _) in WRONG.items():
    assert old in text
    text = text.replace(old, new)
  wrong = checked(tmp_path, text)
  assert wrong.returncode == 1 and wrong.stdout.count(": error: ") == len(WRONG), wrong.stdout
  for _, message in WRONG.values():
    assert message in wrong.stdout, wrong.stdout
