"""The nuclear norm against NumPy, and what it prefers."""

import counts_by_hand as by
import jax
import numpy as np
import pytest

from adapt.validators.bnm import score


@pytest.mark.compares("NumPy's singular values")
def test_bnm_is_the_nuclear_norm_over_the_examples():
  expected = np.linalg.svd(by.P, compute_uv=False).sum() / by.N
  assert score(by.SOURCE, by.TARGET) == pytest.approx(expected, rel=1e-4)
  pooled = jax.tree.map(lambda a, b: a + b, by.TARGET, by.BALANCED)
  both = np.concatenate([by.P, by.softmax(6.0 * np.eye(by.K)[np.arange(by.N) % by.K])])
  expected = np.linalg.svd(both, compute_uv=False).sum() / (2 * by.N)
  assert score(by.SOURCE, pooled) == pytest.approx(expected, rel=1e-4)


def test_bnm_tells_balanced_from_collapsed_from_undecided():
  balanced, collapsed, undecided = (
    score(by.SOURCE, c) for c in (by.BALANCED, by.COLLAPSED, by.UNDECIDED)
  )
  assert balanced > 1.9 * collapsed and collapsed > 1.9 * undecided
  assert balanced <= np.sqrt(by.K / by.N)


def test_bnm_of_a_diverged_run_is_no_number():
  assert np.isnan(score(by.SOURCE, by.TARGET._replace(gram=np.full((by.K, by.K), np.nan))))


def test_it_reads_no_target_label():
  by.assert_blind(score)
