"""Choosing sources keeps the better half, without target labels."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.toy import blobs
from adapt.experiments import choose_sources


def domain(name, seed, noise=0.0, moved=0.0):
  """Classes lie less apart with more noise, so that a model of them says less."""
  x, y = blobs(320, 0, seed)
  x = x + np.random.default_rng(seed).normal(size=x.shape).astype(np.float32) * np.float32(noise)
  return Domain(name, Split(x + np.float32(moved), y), Split(x[:8], y[:8]), tuple("abcdefgh"))


SOURCES = [
  domain("far", 1, 3.0, 3.0),
  domain("near", 2),
  domain("noisy", 3, 2.0, 2.0),
  domain("close", 4),
]
TARGET = domain("target", 5)


def test_the_better_half_is_kept_in_the_order_given():
  numbers, line = choose_sources.kept([*SOURCES, TARGET])
  assert numbers == [1, 3]
  assert line.startswith("--source auto keeps ") and "far (" in line and "near (" in line
  blind = TARGET._replace(train=TARGET.train._replace(y=None))
  assert choose_sources.kept([*SOURCES, blind]) == (numbers, line)
  assert len(choose_sources.kept([*SOURCES[:3], TARGET])[0]) == 2


def test_two_sources_leave_nothing_to_choose():
  with pytest.raises(ValueError, match="among 3 sources or more"):
    choose_sources.kept([*SOURCES[:2], TARGET])
