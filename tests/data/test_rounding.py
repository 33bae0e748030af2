"""Numbers far from zero, which float32 would blur: times in seconds, account numbers."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Domain, Reading, Split, encode, files, rounding
from adapt.data.raw import Column, Table

RANDOM = np.random.default_rng(0)
SPREAD = 30 * RANDOM.normal(size=40)
LABELS = np.arange(40, dtype=np.int32) % 2


def table(name, values, rows=slice(None)):
  x = Table((Column("t", values), Column("n", RANDOM.normal(size=40))))[rows]
  y = LABELS[rows]
  return Domain(name, Split(x, y), Split(x[:10], y[:10]), ("0", "1"))


@pytest.mark.parametrize(
  ("x", "found"),
  [
    (1.6e9 + SPREAD, True),
    ((1.6e9 + SPREAD).astype(np.int64), True),
    (np.where(LABELS, np.nan, 1.6e9 + SPREAD), True),
    ((1.6e9 + SPREAD).astype(np.float32), False),
    (1e6 + SPREAD, False),
    (SPREAD, False),
    (np.full(40, 1.6e9 + 1), False),
    (0.1 + np.where(LABELS, 1e-17, 0), False),
    (np.full(40, np.nan), False),
  ],
)
def test_which_columns_float32_blurs(x, found):
  assert rounding.blurred(x[:, None]).tolist() == [found]
  assert bool(rounding.notes("it", x[:, None])) is found


def test_columns_of_tables_are_as_if_they_were_near_zero():
  near = encode.together([table("a", SPREAD), table("b", SPREAD)], Reading())
  far = encode.together([table("a", 1.6e9 + SPREAD), table("b", 1.6e9 + SPREAD)], Reading())
  for a, b in zip(near, far, strict=True):
    np.testing.assert_allclose(a.train.x[:, 0], b.train.x[:, 0], atol=1e-5)
  made = far[1].preprocessing
  one = encode.later(table("c", 1.6e9 + SPREAD, slice(3, 5)), made)
  np.testing.assert_array_equal(one.train.x[:, 0], far[1].train.x[3:5, 0])
  assert "offset" not in near[0].preprocessing.step("table")["columns"][0]


def test_arrays_for_such_columns_are_refused():
  made = encode.together([table(n, 1.6e9 + SPREAD) for n in "ab"], Reading())[1].preprocessing
  x = np.zeros((4, 2), np.float32)
  array = Domain("c", Split(x, None), Split(x, None), (), features=("t", "n"))
  with pytest.raises(ValueError, match="c is an array, whose float32 blurs column 't'"):
    encode.later(array, made)
  with pytest.raises(ValueError, match="c is an array"):
    encode.together([table("a", 1.6e9 + SPREAD), array], Reading())


def test_files_of_arrays_are_told(tmp_path):
  x = np.stack([SPREAD, 1.6e9 + SPREAD], axis=1)
  np.savez(tmp_path / "a.npz", x=x, y=LABELS)
  [note] = data.read(str(tmp_path / "a.npz")).notes
  assert "a.npz x column 1 spreads by" in note and "which float32 blurs: subtract that" in note
  assert files.inputs("x", x).dtype == np.float32
