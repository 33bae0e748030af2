"""Values of flags: what is no number, not finite or beyond any use is refused where it is read."""

import argparse

import pytest

from adapt import values


@pytest.mark.parametrize(
  ("of", "text", "value"),
  [
    (values.number, "1e-3", 0.001),
    (values.integer, "-3", -3),
    (values.positive, "1", 1),
    (values.seeds, "10000", 10_000),
    (values.evaluations, "1", 1),
    (values.workers, "0", 0),
    (values.minutes, "0", 0.0),
  ],
)
def test_what_is_meant_is_read(of, text, value):
  assert of(text) == value


@pytest.mark.parametrize(
  ("of", "text", "message"),
  [
    (values.number, "nan", "nan is not finite: give"),
    (values.number, "1e999", "not finite"),
    (values.number, "wide", "'wide' is no number"),
    (values.integer, "0.5", "'0.5' is no whole number"),
    (values.integer, "9" * 5000, "no whole number"),
    (values.integer, str(2**31), "more than 2147483647"),
    (values.positive, "0", "0 is not at least 1"),
    (values.seeds, "10001", "more than 10000"),
    (values.evaluations, "1000000", "more than 100000"),
    (values.workers, "-1", "not at least 0"),
    (values.minutes, "-1", "-1 is negative"),
    (values.minutes, "inf", "not finite"),
  ],
)
def test_what_means_nothing_is_refused(of, text, message):
  with pytest.raises(argparse.ArgumentTypeError, match=message):
    of(text)


def test_one_type_for_each_kind_of_default():
  assert values.of(float) is values.of(float) is values.number
  assert values.of(int) is values.integer and values.of(str) is str
  assert values.of(type(None)) is str
