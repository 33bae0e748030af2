"""Places of a table: text and number say the same."""

from adapt.report.summary import cell
from adapt.report.table import NONE, line, measured, number


def test_a_fraction_is_shown_and_kept_in_percent():
  found = measured(cell([0.5, 0.6, None]), 3, "tie")
  assert found.text == "55.0 ± 7.1 (2)" and found.n == 2 and found.mark == "tie"
  assert abs(found.value - 55) < 1e-9 and abs(found.std - 7.0710678) < 1e-6
  assert measured(cell([0.5])).std is None
  assert measured(None) == measured(cell([None])) == NONE


def test_numbers_and_rows():
  assert number(1234.56, 0).text == "1235" and number(None) == NONE
  assert line("dann", [NONE], 3).detail == "(3)" and line("dann", [NONE]).detail == ""
