"""An accuracy over seeds: mean, spread, and what is printed."""

import math

from adapt.api.accuracy import over_seeds


def test_a_diverged_seed_has_no_say_in_the_mean():
  found = over_seeds([0.5, None, 0.7])
  assert math.isclose(found.mean, 0.6) and math.isclose(found.std, math.sqrt(0.02))
  assert found.seeds == (0.5, None, 0.7) and str(found) == "60.0 ± 14.1 %"


def test_one_seed_has_no_spread_and_none_no_mean():
  assert str(over_seeds([0.5])) == "50.0 %" and over_seeds([0.5]).std is None
  assert math.isnan(over_seeds([None]).mean)
