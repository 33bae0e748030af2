"""Accuracy on the source against NumPy."""

import counts_by_hand as by
import pytest

from adapt.validators.source_accuracy import score


@pytest.mark.compares("NumPy")
def test_source_accuracy_by_hand():
  expected = (by.SOURCE_LOGITS.argmax(axis=1) == by.SOURCE_LABELS).mean()
  assert 0 < expected < 1
  assert score(by.SOURCE, by.TARGET) == pytest.approx(expected)


def test_it_reads_no_target_label():
  by.assert_blind(score)
