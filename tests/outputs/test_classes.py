"""The measures of classes: named once, the main one first, found by name."""

import pytest

from adapt import outputs
from adapt.outputs import classes


def test_measures_are_named_once_and_the_main_one_is_first():
  names = [m.name for m in classes.MEASURES]
  assert names[0] == "accuracy" and len(set(names)) == len(names)
  assert outputs.find("auroc").title == "AUROC"


def test_an_unknown_measure_is_refused_with_the_known_ones():
  with pytest.raises(
    ValueError, match=r"no measure 'auc': choose --measure from accuracy, .*auroc"
  ):
    outputs.find("auc")
  assert outputs.measure("os_star").title == "os star"
