"""Far target examples: as many as usual of the same set, all of another, new classes in between."""

import numpy as np
import pytest

from adapt.evaluation.novelty import far_share

RNG = np.random.default_rng(0)
XS, SAME = RNG.normal(size=(600, 4)), RNG.normal(size=(600, 4))


def test_the_share_by_brute_force():
  near, other = XS[::2], XS[1::2]

  def nearest(x):
    return np.array([np.sqrt(((near - row) ** 2).sum(axis=1)).min() for row in x])

  limit = np.quantile(nearest(other), 0.95)
  assert far_share(XS, SAME) == pytest.approx((nearest(SAME) > limit).mean())


def test_new_examples_are_counted():
  assert far_share(XS, SAME) < 0.1
  assert far_share(XS, SAME + 20) == 1.0
  new = np.concatenate([SAME[:300], SAME[300:] + 20])
  assert far_share(XS, new[RNG.permutation(600)]) == pytest.approx(0.52, abs=0.04)
  with pytest.raises(ValueError, match="at least 4"):
    far_share(XS[:3], SAME)
