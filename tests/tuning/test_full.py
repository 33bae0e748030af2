"""full is the identity."""

import pytest

from adapt.tuning.full import full

TRAINABLE = ["body", "norm", "head"]


@pytest.mark.compares("the untuned network")
def test_the_network_is_untouched(tiny):
  tuning = full()
  assert tuning.wrap(tiny, 0.0) is tiny
  assert tuning.pull is None
  assert not tuning.needs_start
