"""The entropy of target predictions against NumPy."""

import counts_by_hand as by
import numpy as np
import pytest

from adapt.validators.entropy import score


@pytest.mark.compares("its formula by NumPy")
def test_entropy_is_minus_the_mean_entropy_of_the_target():
  assert score(by.SOURCE, by.TARGET) == pytest.approx(-by.entropy(by.P).mean(), rel=1e-5)


def test_entropy_alone_cannot_tell_balanced_from_collapsed():
  balanced, collapsed = (score(by.SOURCE, c) for c in (by.BALANCED, by.COLLAPSED))
  assert balanced == pytest.approx(collapsed, rel=1e-5)
  assert balanced > score(by.SOURCE, by.UNDECIDED) == pytest.approx(-np.log(by.K), rel=1e-5)


def test_it_reads_no_target_label():
  by.assert_blind(score)
