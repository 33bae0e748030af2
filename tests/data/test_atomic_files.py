"""Files that are whole or not there, JSON without surprises, errors that name the remedy."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from adapt.data import atomic_files


def test_numbers_become_plain(tmp_path):
  file = tmp_path / "a.json"
  text = "a [ 1,\n 2 ] b"
  values = {"x": np.float32(0.5), "y": np.array([1.0, math.nan, math.inf]), "t": (1, 2), "s": text}
  atomic_files.write_json(file, values)
  assert json.loads(file.read_text()) == {"x": 0.5, "y": [1.0, None, None], "t": [1, 2], "s": text}
  assert '"y": [1.0, null, null]' in file.read_text()


def test_failed_write_leaves_the_old_record(tmp_path):
  file = tmp_path / "a.json"
  atomic_files.write_json(file, {"x": 1})
  with pytest.raises(TypeError):
    atomic_files.write_json(file, {"x": object()})
  assert json.loads(file.read_text()) == {"x": 1}
  assert len(list(tmp_path.iterdir())) == 1


def test_unwritable_folder_names_the_flag(tmp_path):
  (tmp_path / "file").write_text("")
  inside = tmp_path / "file" / "results"  # root may write anywhere but below a file
  with pytest.raises(ValueError, match="--out"):
    atomic_files.check_writable(inside)
  with pytest.raises(ValueError, match="--out"):
    atomic_files.write_json(inside / "a.json", {})
  atomic_files.check_writable(tmp_path / "new")
  assert not list((tmp_path / "new").iterdir())


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", "Infinity", "", "{", "1" * 5000, b"\xff"])
def test_what_is_no_json_is_one_reason(text):
  with pytest.raises(ValueError, match=r".+") as caught:
    atomic_files.load_json(text)
  assert "\n" not in str(caught.value) and len(str(caught.value)) < 110


@pytest.mark.holds("killed")
def test_what_a_killed_process_left_goes_when_the_file_is_written_again(tmp_path):
  """And nothing else: a process that lives may be writing, here or on another machine."""
  path = tmp_path / "a.json"
  ours = atomic_files.temporary_of(path).name
  host, process = ours.split(".")[3], str(os.getpid())
  ended = subprocess.Popen([sys.executable, "-c", ""])
  ended.wait()
  dead = tmp_path / ours.replace(process, str(ended.pid))
  alive = tmp_path / ours.replace(process, str(os.getppid()))
  elsewhere, old = (tmp_path / ours.replace(host, name) for name in ("0" * 8, "1" * 8))
  for file in dead, alive, elsewhere, old:
    file.touch()
  os.utime(old, (0, 0))
  atomic_files.replace(path, b"{}")
  assert not dead.exists() and not old.exists()
  assert alive.exists() and elsewhere.exists() and path.read_bytes() == b"{}"
