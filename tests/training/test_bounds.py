"""Bounds of settings and hyper-parameters."""

import math

import numpy as np
import pytest
import toy

from adapt.training import bounds
from adapt.training.dp_sgd import Privacy
from adapt.training.settings import Settings


@pytest.mark.parametrize("value", [0, 0.5, 1, np.float32(0.25), -1e30, 10**20])
def test_a_number_within_its_bounds_is_accepted(value):
  bounds.check("weight", value, float)


@pytest.mark.parametrize(
  ("value", "message"),
  [
    (math.nan, "weight nan is not finite: give"),
    (-math.inf, "weight -inf is not finite: give"),
    (1e200, "weight a number of over 40 digits is more than 1e.30: give a smaller"),
    pytest.param(10**5000, "more than", id="5000 digits"),
    (True, "weight is 'True', no number: give one"),
    ("0.1", "weight is '0.1', no number: give one"),
  ],
)
def test_what_is_none_is_refused(value, message):
  with pytest.raises(ValueError, match=message):
    bounds.check("weight", value, float)


def test_every_setting_that_is_a_number_has_bounds():
  numbers = {n for n, v in Settings()._asdict().items() if type(v) in (int, float)}
  assert numbers == set(bounds.SETTINGS)
  bounds.check_settings(Settings())


@pytest.mark.holds("numbers")
@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"lr": -1}, "lr -1 is not at least 0"),
    ({"momentum": 2.0}, "momentum 2.0 is more than 1"),
    ({"weight_decay": -5.0}, "weight_decay -5.0 is not at least 0"),
    ({"steps": 0}, "steps 0 is not at least 1"),
    ({"steps": 2.5}, "steps is '2.5', no whole number"),
    ({"method": "dann", "given": {"weight": 1e200}}, "weight of dann .* is more than"),
    ({"method": "dann", "sweep": {"weight": (0.1, math.nan)}}, "weight nan is not finite"),
    ({"sweep": {"lr": (0.1, -1.0)}}, "lr -1.0 is not at least 0"),
    ({"dp": Privacy(1e308, 1.0)}, "noise of --dp .* is more than"),
  ],
)
def test_numbers_out_of_sense_are_refused_before_training(changes, message):
  changes = dict(changes)
  with pytest.raises(ValueError, match=message):
    toy.experiment(changes.pop("method", "source_only"), **changes)


@pytest.mark.parametrize("text", ["1_0", "\u0663", "\uff11"])
def test_other_digits_are_no_number(text):
  for read in (bounds.number, bounds.integer):
    with pytest.raises(ValueError, match="not written in the digits 0 to 9"):
      read(text)
