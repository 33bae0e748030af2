"""Kept arrays: six ways to spoil one, each found and told in a line; what writers leave is swept."""

import os

import numpy as np
import pytest
from spoilt import SPOILT

from adapt.data import atomic_files, kept_arrays

ROWS = np.random.default_rng(0).integers(0, 256, (3000, 400), np.uint8)  # two blocks
OTHER = np.random.default_rng(1).integers(0, 256, (3000, 400), np.uint8)


def zeros(path):
  content = bytearray(path.read_bytes())
  content[128 : 128 + ROWS.nbytes] = bytes(ROWS.nbytes)
  path.write_bytes(content)


def refuses(path, capsys):
  assert kept_arrays.read(path, "ours") is None
  [line] = capsys.readouterr().err.splitlines()
  assert line.startswith(f"warning: {path} is damaged (") and line.endswith("it is made anew")
  return line


@pytest.mark.holds("kept")
@pytest.mark.parametrize("way", SPOILT)
def test_a_spoilt_array_is_told_and_not_read(tmp_path, capsys, way):
  path, other = tmp_path / "x.npy", tmp_path / "y.npy"
  kept_arrays.write(other, OTHER, "another's")
  kept_arrays.write(path, ROWS, "ours")
  SPOILT[way](path, other)
  refuses(path, capsys)
  assert kept_arrays.damage(path, "ours")


def test_a_whole_array_is_mapped(tmp_path, capsys):
  path = tmp_path / "x.npy"
  assert kept_arrays.read(path, "ours") is None
  for array in (ROWS, np.float32(3), np.zeros((0, 4)), np.asfortranarray(ROWS)):
    kept_arrays.write(path, np.asarray(array), "ours")
    found = kept_arrays.read(path, "ours")
    np.testing.assert_array_equal(found, array)
    assert kept_arrays.damage(path, None) == ""
  assert not found.flags.writeable and not capsys.readouterr().err
  assert [p.name for p in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.holds("kept")
def test_zeros_in_place_and_a_foreign_foot_are_found(tmp_path, capsys):
  path = tmp_path / "x.npy"
  kept_arrays.write(path, ROWS, "ours")
  whole = path.read_bytes()
  zeros(path)
  assert "its digest differs" in refuses(path, capsys)
  path.write_bytes(whole[:-1000] + whole[-900:])
  refuses(path, capsys)


def test_reading_samples_and_verifying_reads_everything(tmp_path):
  path = tmp_path / "x.npy"
  large = np.zeros(64 * 2**20, np.uint8)
  kept_arrays.write(path, large, "ours")
  with path.open("r+b") as stream:  # between two blocks that are sampled
    stream.seek(2 * 2**20 + 5)
    stream.write(b"1")
  assert kept_arrays.read(path, "ours") is not None
  assert kept_arrays.damage(path, "ours") == "its digest differs"


def test_sweeping_leaves_what_is_being_written(tmp_path):
  old, written = tmp_path / ".x.npy.1-a.tmp", tmp_path / ".x.npy.2-b.tmp"
  fresh = tmp_path / ".x.npy.3-c.tmp"
  for path in (old, written, fresh):
    path.write_bytes(b"part")
  for path in (old, written):
    os.utime(path, (1, 1))
  with written.open("r+b") as stream:
    assert atomic_files._lock(stream)
    kept_arrays.sweep(tmp_path)
  assert sorted(p.name for p in tmp_path.iterdir()) == [written.name, fresh.name]
