"""Suites by name: those of a checkout whose methods are trained as they are."""

import pytest

from adapt.experiments import suites
from adapt.experiments.suite import others


def test_a_suite_is_found_by_its_name():
  assert suites.get("digits").name == "digits"
  with pytest.raises(ValueError, match=r"unknown suite 'digts' \(did you mean digits"):
    suites.get("digts")


def test_what_is_run_otherwise_is_none_of_them():
  """amazon_msda's tasks have features of their own, which its file makes."""
  assert not {"amazon_msda", "amazon_svm", "surf_full", "speed"} & set(suites.names())


def test_all_others_go_to_each():
  tasks = others("x_", ("a", "b", "c"))
  assert [t.name for t in tasks] == ["others_a", "others_b", "others_c"]
  assert tasks[1].source == ("x_a", "x_c") and tasks[1].target == "x_b"
