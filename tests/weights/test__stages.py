"""Listeners of a weighting's stages, and which weightings say theirs."""

import numpy as np
import pytest

from adapt import weights
from adapt.weights import _stages


def test_a_listener_hears_what_is_said_while_it_listens():
  said = []
  with _stages.heard(said.append):
    _stages.at("block 1 of 2")
  _stages.at("block 2 of 2")
  assert said == ["block 1 of 2"]


@pytest.mark.parametrize(
  ("name", "given", "last"),
  [
    ("kmm", {"whole": 30, "block": 20}, "block 3 of 3"),
    ("kliep", {}, "fit to all"),
    ("ulsif", {}, "width 10 of 10"),
    ("rulsif", {}, "width 10 of 10"),
  ],
)
def test_kernel_weightings_say_where_they_are(name, given, last):
  rng, said = np.random.default_rng(0), []
  with weights.heard(said.append):
    weights.get(name)(rng.normal(size=(60, 2)), None, rng.normal(size=(50, 2)) + 0.5, **given)
  assert said[-1] == last and len(said) == {"kmm": 3, "kliep": 11}.get(name, 10)
