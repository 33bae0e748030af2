"""MixVal's consistencies against loops."""

import jax
import numpy as np
import pytest
from pairs_by_hand import pairs_by_hand

from adapt.validators import partners
from adapt.validators.mixval import score

RNG = np.random.default_rng(0)
pairing, scoring = jax.jit(partners), jax.jit(score)


def share(kept):
  return np.mean(kept) if len(kept) else 0.0


@pytest.mark.compares("both consistencies by loops")
@pytest.mark.parametrize("classes", [1, 2, 6])
def test_mixval_is_the_mean_of_two_consistencies(classes):
  predicted, mixed = RNG.integers(0, classes, 21), RNG.integers(0, max(classes, 2), 21)
  pairs = pairs_by_hand(predicted)
  kept = [[], []]
  for i, j in enumerate(pairs):
    if j is not None:
      label = 0.55 * np.eye(40)[predicted[i]] + 0.45 * np.eye(40)[predicted[j]]
      kept[i % 2].append(mixed[i] == label.argmax())
  expected = (share(kept[0]) + share(kept[1])) / 2
  _, paired = pairing(predicted)
  assert float(scoring(predicted, mixed, paired)) == pytest.approx(expected, rel=1e-6)


def test_a_collapsed_model_is_half_consistent_at_most():
  predicted = np.zeros(21, int)
  _, paired = pairing(predicted)
  assert float(scoring(predicted, predicted, paired)) == 0.5
