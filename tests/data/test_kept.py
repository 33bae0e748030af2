"""Arrays kept between runs: whole, or noticed."""

import numpy as np
import pytest
from spoilt import SPOILT

from adapt.data import kept


def test_what_is_kept_is_read_again(tmp_path):
  x = np.arange(12.0).reshape(3, 4)
  kept.keep(tmp_path / "adapt_x.npy", x, "set x")
  found = kept.read(tmp_path / "adapt_x.npy", "set x")
  np.testing.assert_array_equal(found, x)
  assert not found.flags.writeable
  assert kept.spoilt(tmp_path / "adapt_x.npy") == ""
  assert [p.name for p in kept.all_in(tmp_path)] == ["adapt_x.npy"]
  assert not list(tmp_path.glob("*.tmp"))


def test_what_is_not_there_is_made_without_a_word(tmp_path, capsys):
  assert kept.read(tmp_path / "x.npy", "x") is None
  assert capsys.readouterr().err == ""


@pytest.mark.holds("kept")
@pytest.mark.parametrize("spoil", SPOILT)
def test_every_way_to_spoil_it_is_noticed(spoil, tmp_path, capsys):
  x, other = tmp_path / "x.npy", tmp_path / "other.npy"
  kept.keep(x, np.arange(1000), "x")
  kept.keep(other, np.arange(1000)[::-1].copy(), "other")
  SPOILT[spoil](x, other)
  assert kept.read(x, "x") is None
  said = capsys.readouterr().err
  assert said.startswith(f"warning: {x} is spoilt (") and said.count("\n") == 1


def test_an_array_without_its_digest_is_not_trusted(tmp_path):
  np.save(tmp_path / "x.npy", np.arange(5))
  assert kept.read(tmp_path / "x.npy", "x") is None
  assert kept.spoilt(tmp_path / "x.npy") == "it has no digest"


def test_one_byte_among_many_is_found_by_reading_all(tmp_path):
  path = tmp_path / "x.npy"
  kept.keep(path, np.zeros(2**20, np.uint8), "x")
  with path.open("r+b") as stream:
    stream.seek(10_000)  # between two blocks of the sample
    stream.write(b"!")
  assert kept.read(path, "x") is not None
  assert kept.spoilt(path) == "its digest differs"
