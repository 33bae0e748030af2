"""Information maximisation against NumPy, and what it prefers."""

import counts_by_hand as by
import numpy as np
import pytest

from adapt.validators.information_maximisation import score


@pytest.mark.compares("its formula by NumPy")
def test_information_maximisation_is_entropy_of_the_mean_minus_mean_entropy():
  expected = by.entropy(by.P.mean(axis=0)) - by.entropy(by.P).mean()
  assert score(by.SOURCE, by.TARGET) == pytest.approx(expected, rel=1e-4)


def test_information_maximisation_prefers_confident_and_balanced_predictions():
  scores = {
    name: score(by.SOURCE, counts)
    for name, counts in {
      "balanced": by.BALANCED,
      "collapsed": by.COLLAPSED,
      "other": by.TARGET,
    }.items()
  }
  assert scores["balanced"] == pytest.approx(np.log(by.K), abs=0.1)
  assert scores["collapsed"] == pytest.approx(0, abs=1e-4)
  assert scores["collapsed"] < scores["other"] < scores["balanced"]
  assert score(by.SOURCE, by.UNDECIDED) == pytest.approx(0, abs=1e-4)


def test_classes_never_predicted_do_not_give_nan():
  never = by.TARGET._replace(probability=np.array([by.N, 0.0, 0.0, 0.0]), entropy=np.array(0.0))
  assert score(by.SOURCE, never) == pytest.approx(0)


def test_it_reads_no_target_label():
  by.assert_blind(score)
