"""Arrays kept on disk, spoilt at random: each is read to the bit or is made anew, with one line."""

import fuzzing
import numpy as np
import pytest
from fuzzing import fuzz, spoilt
from hypothesis import strategies as st

from adapt.data import kept_arrays


@pytest.mark.holds("kept")
def test_kept_arrays(tmp_path, capsys):
  arrays = [
    np.arange(600, dtype=np.float32).reshape(20, 30),
    np.arange(7, dtype=np.int64),
    np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8),
  ]
  wholes = []
  for i, array in enumerate(arrays):
    kept_arrays.write(tmp_path / f"{i}.npy", array, f"set {i}")
    wholes.append((tmp_path / f"{i}.npy").read_bytes())
  file, ended = tmp_path / "x.npy", {"read": 0, "anew": 0}

  @fuzz(
    "kept arrays", st.integers(0, 2).flatmap(lambda i: st.tuples(st.just(i), spoilt(wholes[i])))
  )
  def case(given):
    i, content = given
    file.write_bytes(content)
    with fuzzing.limited():
      found = kept_arrays.read(file, f"set {i}")
    told = capsys.readouterr().err.splitlines()
    if found is None:
      assert len(told) == 1 and "x.npy is damaged" in told[0] and "made anew" in told[0], told
      assert kept_arrays.read(file, "another set") is None
      capsys.readouterr()
    else:
      assert not told and found.dtype == arrays[i].dtype
      np.testing.assert_array_equal(found, arrays[i])
    ended["read" if found is not None else "anew"] += 1

  assert sum(ended.values()) >= fuzzing.CASES["kept arrays"] and ended["anew"] > 100, ended
