"""Data frames need pandas, and say so."""

import sys

import numpy as np
import pytest

from adapt.api import frames


def test_where_pandas_is_absent_a_line_says_how_to_get_it(monkeypatch):
  assert frames.pandas().DataFrame
  monkeypatch.setitem(sys.modules, "pandas", None)
  with pytest.raises(ValueError, match=r"pip install .*\[notebook"):
    frames.pandas()


def test_tables_of_other_libraries_become_frames():
  pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
  frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", None]})
  table = pa.Table.from_pandas(frame)
  assert not frames.is_frame(table)
  found, label = frames.as_frames((table, [0, 1]))
  assert frames.is_frame(found) and list(found.columns) == ["a", "b"] and label == [0, 1]
  assert frames.as_frames(frame) is frame

  class Rows:  # a data set of Hugging Face has no columns
    def to_pandas(self):
      raise AssertionError

  assert isinstance(frames.as_frames(Rows()), Rows)


def test_values_that_mean_a_missing_cell():
  pd = pytest.importorskip("pandas")
  frame = pd.DataFrame({"a": [1, -999, 3], "b": [1.5, 2.5, -999.0], "c": ["x", "none", "-999"]})
  a, b, c = frames.table(frame, ("-999", "none")).columns
  assert np.isnan(a.values[1]) and np.isnan(b.values[2])
  assert c.values.tolist() == ["x", None, None]
  assert frames.table(frame).columns[0].values.tolist() == [1, -999, 3]


@pytest.mark.parametrize(
  ("names", "cells", "said"),
  [
    (["a", "a"], ["u", "v"], "several columns named 'a'"),
    (["a", "split"], ["train", "test"], "give the rows of train, and those of test as test="),
  ],
)
def test_frames_that_would_be_misread_are_refused(names, cells, said):
  pd = pytest.importorskip("pandas")
  frame = pd.DataFrame([[1.0, cells[0]], [2.0, cells[1]]], columns=names)
  with pytest.raises(ValueError, match=said):
    frames.table(frame)
