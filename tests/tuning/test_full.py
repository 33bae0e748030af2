"""full is the identity."""

from adapt.tuning.full import full

TRAINABLE = ["body", "norm", "head"]


def test_the_network_is_untouched(tiny):
  tuning = full()
  assert tuning.wrap(tiny, 0.0) is tiny
  assert tuning.pull is None
  assert not tuning.needs_start
