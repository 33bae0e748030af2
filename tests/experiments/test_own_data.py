"""A user's own data as a task: what kind of input has which settings."""

import numpy as np

from adapt import data
from adapt.experiments import own_data


def test_published_networks_are_for_grey_and_rgb_bytes(tmp_path):
  def of(channels, dtype, side=40):
    split = data.Split(np.zeros((2, side, side, channels), dtype), None)
    return own_data.kind(data.Domain("t", split, split, ()))

  assert [of(c, np.uint8) for c in (1, 3)] == ["large"] * 2
  assert [of(c, np.uint8) for c in (2, 4)] == ["colour"] * 2
  assert [of(c, np.float32) for c in (1, 3, 4)] == ["colour"] * 3
  assert [of(c, np.float32, 16) for c in (1, 3, 4)] == ["grey", "colour", "colour"]
  assert of(1, np.float32, 8) == "colour"  # LeNet cannot take these


def test_small_sets_of_series_take_fewer_steps():
  assert [own_data.series_steps(n) for n in (10, 450, 1000, 60_000)] == [300, 300, 625, 1000]
