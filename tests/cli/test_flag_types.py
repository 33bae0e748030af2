"""Values of flags: what is no number, not finite or beyond any use is refused where it is read."""

import argparse

import pytest

from adapt.cli import flag_types


@pytest.mark.parametrize(
  ("of", "text", "value"),
  [
    (flag_types.number, "1e-3", 0.001),
    (flag_types.integer, "-3", -3),
    (flag_types.setting("steps", int), "1", 1),
    (flag_types.setting("lr", float), "0", 0.0),
    (flag_types.setting("momentum", float), "1", 1.0),
    (flag_types.seeds, "10000", 10_000),
    (flag_types.setting("evaluations", int), "1", 1),
    (flag_types.workers, "0", 0),
    (flag_types.minutes, "0", 0.0),
  ],
)
def test_what_is_meant_is_read(of, text, value):
  assert of(text) == value


@pytest.mark.parametrize(
  ("of", "text", "message"),
  [
    (flag_types.number, "nan", "nan is not finite: give"),
    (flag_types.number, "1e999", "not finite"),
    (flag_types.number, "wide", "'wide' is no number"),
    (flag_types.integer, "0.5", "'0.5' is no whole number"),
    (flag_types.integer, "9" * 5000, "no whole number"),
    (flag_types.integer, str(2**31), "more than 2147483647"),
    (flag_types.setting("steps", int), "0", "0 is not at least 1"),
    (flag_types.seeds, "10001", "more than 10000"),
    (flag_types.setting("evaluations", int), "1000000", "more than 100000"),
    (flag_types.workers, "-1", "not at least 0"),
    (flag_types.setting("lr", float), "-1", "-1.0 is not at least 0"),
    (flag_types.setting("momentum", float), "2", "2.0 is more than 1"),
    (flag_types.setting("weight_decay", float), "-5", "-5.0 is not at least 0"),
    (flag_types.number, "1e200", "is more than 1e"),
    (flag_types.number, "1_0", "'1_0' is no number"),
    (flag_types.number, "\u0663", "is no number"),
    (flag_types.integer, "1_000", "'1_000' is no whole number"),
    (flag_types.integer, "\u0663", "is no whole number"),
    (flag_types.minutes, "-1", "-1 is negative"),
    (flag_types.minutes, "inf", "not finite"),
  ],
)
def test_what_means_nothing_is_refused(of, text, message):
  with pytest.raises(argparse.ArgumentTypeError, match=message):
    of(text)


def test_one_type_for_each_kind_of_default():
  assert flag_types.of(float) is flag_types.of(float) is flag_types.number
  assert flag_types.of(int) is flag_types.integer and flag_types.of(str) is str
  assert flag_types.of(type(None)) is str
