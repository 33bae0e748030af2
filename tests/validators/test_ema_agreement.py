"""Agreement with earlier predictions, by hand."""

import numpy as np
import pytest

from adapt.validators.ema_agreement import score


@pytest.mark.compares("agreement by loops")
def test_agreement_with_the_moving_average_before():
  rng = np.random.default_rng(0)
  predicted = [rng.integers(0, 3, 30) for _ in range(5)]
  found = score(predicted, 3)
  assert found[0] == 0.0
  for e in range(1, 5):
    agreed = 0
    for i in range(30):
      votes = [0.0, 0.0, 0.0]
      for past in range(e):
        votes[predicted[past][i]] += 0.8 ** (e - 1 - past)
      agreed += votes.index(max(votes)) == predicted[e][i]
    assert found[e] == pytest.approx(agreed / 30)


def test_steady_predictions_agree_and_new_ones_do_not():
  steady = np.array([0, 1, 2, 1])
  assert score([steady] * 3 + [(steady + 1) % 3], 3) == [0.0, 1.0, 1.0, 0.0]
