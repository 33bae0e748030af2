"""class_balanced against numbers by hand."""

import numpy as np
import pytest

from adapt.weights.class_balanced import class_balanced

YS = np.array([0, 0, 0, 7, 0])


def weigh(beta):
  return class_balanced(np.zeros((5, 1)), YS, np.zeros((2, 1)), beta=beta)


@pytest.mark.compares("inverse frequencies by hand")
def test_inverse_frequency_by_hand():
  # 1/4 and 1; their mean over the five examples is 2/5.
  np.testing.assert_allclose(weigh(1.0), [0.625, 0.625, 0.625, 2.5, 0.625], rtol=1e-6)


def test_each_class_counts_the_same():
  w = weigh(1.0)
  assert w[YS == 0].sum() == pytest.approx(w[YS == 7].sum())


@pytest.mark.compares("effective numbers by hand")
def test_effective_number_by_hand():
  # beta = 1/2: effective numbers 1 + 1/2 + 1/4 + 1/8 = 15/8 and 1, so the ratio of weights is 8/15.
  w = weigh(0.5)
  assert w[0] / w[3] == pytest.approx(8 / 15, rel=1e-6)
  assert w.mean() == pytest.approx(1.0)


def test_limits_of_beta():
  np.testing.assert_allclose(weigh(0.0), 1.0)
  np.testing.assert_allclose(weigh(1 - 1e-7), weigh(1.0), rtol=1e-5)


def test_beta_out_of_range():
  with pytest.raises(ValueError, match="from 0 to 1"):
    weigh(1.5)
