"""Decimal commas and points, as the cells of a column tell them."""

import pyarrow as pa
import pytest

from adapt.data.cells import How
from adapt.data.decimals import agreed, style, styles


@pytest.mark.parametrize(
  ("cells", "mark"),
  [
    (["1,5", "2", ""], ","),
    (["1.234,5", "1.234", "7"], ","),
    (["1.500", "2,5"], ","),
    (["0.125", "2,5"], ""),
    (["1.234", "12.345", "500", "NA"], "?"),
    (["0.125", "1.234"], "."),
    (["1.5", "1.234"], "."),
    (["1", "2"], ""),
    (["a, b", "c"], ""),
    (["1.2.3"], ""),
    (["", "NA"], ""),
  ],
)
def test_the_mark_that_cells_tell(cells, mark):
  assert style(pa.array(cells), How(decimal_comma=True)) == mark


def test_columns_of_texts_alone_and_what_they_agree_on():
  table = pa.table({"a": ["1,5"], "b": ["1.234"], "c": [1.5]})
  assert styles(table, How()) == {"a": ",", "b": "?"}
  assert agreed(styles(table, How()).values()) == ","
  assert agreed([",", "."]) == agreed(["?", ""]) == ""
