"""Transport distances beside POT and by hand."""

import numpy as np
import pytest

from adapt.evaluation import dataset_distance as d
from adapt.evaluation.domain_distances import frechet_distance

RNG = np.random.default_rng(0)
XS, YS = RNG.normal(size=(40, 3)), np.arange(40) % 2
XT, YT = RNG.normal(size=(40, 3)) * 1.3 + 1, np.arange(40) % 4 // 2


def test_both_are_pot_s_transport():
  ot = pytest.importorskip("ot")
  even = np.full(40, 1 / 40)
  cost = ot.dist(XS, XT)
  assert d.wasserstein(XS, XT) == pytest.approx(ot.emd2(even, even, cost), abs=1e-5)
  for i in range(40):
    for j in range(40):
      cost[i, j] += frechet_distance(XS[YS[i] == YS], XT[YT[j] == YT])
  assert d.otdd(XS, YS, XT, YT) == pytest.approx(ot.emd2(even, even, cost), abs=1e-5)


def test_labels_that_go_elsewhere_make_sets_far():
  assert d.wasserstein(XS, XS) == 0 and d.otdd(XS, YS, XS, YS) == pytest.approx(0, abs=1e-9)
  apart = XS + 5 * YS[:, None]
  shuffled = RNG.permutation(YS)
  assert d.otdd(apart, YS, apart, shuffled) > d.otdd(apart, YS, apart, 1 - YS + 7) + 1


def test_draws_are_of_one_size_and_lone_examples_left_out():
  assert d.wasserstein(XS, XT[:9]) > 0 and d.wasserstein(XS, XT, most=7) > 0
  y = YS.copy()
  y[0] = 9
  assert d.otdd(XS, y, XS[1:], YS[1:]) == pytest.approx(0, abs=1e-9)
  with pytest.raises(ValueError, match="no class has two"):
    d.otdd(XS, np.arange(40), XT, YT)
  with pytest.raises(ValueError, match="one each"):
    d.otdd(XS, YS[:3], XT, YT)
  with pytest.raises(ValueError, match="at least one"):
    d.wasserstein(XS, XT[:0])
