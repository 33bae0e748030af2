"""Data frames need pandas, and say so."""

import sys

import pytest

from adapt.api import frames


def test_where_pandas_is_absent_a_line_says_how_to_get_it(monkeypatch):
  assert frames.pandas().DataFrame
  monkeypatch.setitem(sys.modules, "pandas", None)
  with pytest.raises(ValueError, match=r"pip install .*\[notebook"):
    frames.pandas()
