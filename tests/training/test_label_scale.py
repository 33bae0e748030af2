"""Values are standardised by the sources' training labels alone, and brought back."""

import numpy as np

from adapt.data.domain import Domain, Split
from adapt.training.label_scale import standardised


def domain(name, train, test):
  x = np.zeros((len(train), 2), np.float32)
  return Domain(name, Split(x, train), Split(x[: len(test)], test), ())


def values(*numbers):
  return np.array(numbers, np.float32)[:, None]


def test_only_source_training_labels_count():
  first = domain("a", values(0, 10), values(99))
  second = domain("b", values(20, 30), values(5))
  target = domain("t", values(1000, np.nan), values(15))
  scale, (a, b, t) = standardised([first, second, target])
  assert scale.mean == (15.0,) and np.allclose(scale.std, np.std([0, 10, 20, 30]))
  np.testing.assert_allclose(np.concatenate([a.train.y, b.train.y]).mean(), 0, atol=1e-6)
  assert t.test.y[0, 0] == 0 and np.isnan(t.train.y[1, 0])
  np.testing.assert_allclose(scale.undone(t.train.y)[0], 1000, rtol=1e-5)


def test_classes_stay_as_they_are():
  y = np.array([0, 1], np.int32)
  scale, made = standardised([domain("a", y, y), domain("t", y, y)])
  assert scale is None and made[0].train.y is y
