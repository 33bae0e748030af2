"""Methods with an option `passes` take one batch-norm pass over both domains, or one for each."""

import inspect

import by_hand
import jax
import pytest

from adapt import methods, models
from adapt.method import Net

BATCH = by_hand.batch()
WITH_OPTION = [
  n for n in methods.names() if "passes" in inspect.signature(methods.get(n)).parameters
]


def rows_of_passes(name, passes):
  """Examples in each training pass that the loss makes."""
  net, rows = models.build("mlp", by_hand.K), []

  def apply(params, stats, x, train, key):
    if train:
      rows.append(len(x))
    return net.apply(params, stats, x, train, key)

  method = methods.get(name)(Net(net.init, apply), passes=passes)
  key = jax.random.key(0)
  jax.eval_shape(lambda: method.loss(*method.init(key, BATCH), BATCH, key, 0.5))
  return rows


@pytest.mark.parametrize("name", WITH_OPTION)
def test_joint_is_one_pass_and_separate_is_two(name):
  assert rows_of_passes(name, "joint") == [2 * by_hand.B]
  assert rows_of_passes(name, "separate") == [by_hand.B, by_hand.B]


@pytest.mark.parametrize("name", WITH_OPTION)
def test_other_passes_are_refused(name):
  with pytest.raises(ValueError, match="choose joint or separate"):
    methods.get(name)(models.build("mlp", 2), passes="both")


def test_those_whose_codes_differ_have_the_option():
  assert {"cdan", "coral", "dan", "dann", "mcc"} <= set(WITH_OPTION)
  usual = inspect.signature(methods.get("cdan")).parameters["passes"].default
  assert usual == "joint"  # as the authors' digits code and TLlib
