"""Two classifiers on one body: start and passes. The steps are tested with the methods that take them."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import models
from adapt.methods import _two_classifiers
from adapt.models import nets
from adapt.models.head import head as make_head

LINEAR = make_head(8, 0, 0.5, normed=True)
DEEP = make_head(8, 2, 0.5, normed=True)


@pytest.fixture(scope="module")
def warm():
  net = models.build("mlp", by_hand.K)
  return nets.beginning_at(net, *net.init(jax.random.key(0), by_hand.batch().xs))


def test_both_classifiers_start_apart_even_from_one_source_model(warm):
  for head in (LINEAR, DEEP):
    params, _ = _two_classifiers.start(warm, head, jax.random.key(1), by_hand.batch())
    heads = params["heads"]
    kernels = [h["kernel"] if head.linear else h["Dense_2"]["kernel"] for h in heads.values()]
    assert np.abs(kernels[0] - kernels[1]).max() > 0.01
  own = warm.init(None, None)[0]["head"]
  params, state = _two_classifiers.start(warm, LINEAR, jax.random.key(1), by_hand.batch())
  assert params["heads"]["first"] is own and state["head"] is own


def test_a_training_pass_moves_the_classifiers_statistics_and_prediction_takes_them(warm):
  params, state = _two_classifiers.start(warm, DEEP, jax.random.key(1), by_hand.batch())
  x, key = by_hand.batch().xt, jax.random.key(2)
  features, both, after = _two_classifiers.run(warm, DEEP, params, state, x, True, key)
  for name in ("first", "second"):
    moved = jax.tree.map(
      lambda a, b: np.abs(a - b).max(), state["heads"][name], after["heads"][name]
    )
    assert min(jax.tree.leaves(moved)) > 0
  one = _two_classifiers.run(warm, DEEP, params, after, x, False, None)
  alone = _two_classifiers.run(warm, DEEP, params, after, x[:1], False, None)
  np.testing.assert_allclose(one[1][0][:1], alone[1][0], rtol=1e-5)
  jax.tree.map(np.testing.assert_array_equal, one[2], after)
  np.testing.assert_array_equal(features, one[0])
  assert np.abs(both[0] - one[1][0]).max() > 0.01
