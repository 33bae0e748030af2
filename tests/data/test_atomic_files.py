"""Files that are whole or not there, JSON without surprises, errors that name the remedy."""

import json
import math
import os

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
def test_what_killed_processes_left_is_swept_and_what_is_being_written_is_not(tmp_path):
  folder = tmp_path / "suite/task"
  folder.mkdir(parents=True)
  left = [tmp_path / ".probe.1", tmp_path / ".a.json.1-b.tmp", folder / ".b.npz.2-c.tmp"]
  for file in left:
    file.write_text("half")
    os.utime(file, (0, 0))  # older than this process
  with atomic_files.whole(folder / "c.json") as under_way:
    [temporary] = folder.glob(".c.json.*.tmp")
    os.utime(temporary, (0, 0))
    atomic_files.check_writable(tmp_path)
    assert not any(file.exists() for file in left) and temporary.exists()
    under_way.write(b"{}")
  assert [file.name for file in folder.iterdir()] == ["c.json"]
