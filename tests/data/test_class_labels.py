"""Labels of any kind become 0 … K-1, and classes are called by their values."""

import numpy as np
import pytest

from adapt.data.class_labels import Labels, clean, numbered

Y = np.arange(12) % 3


def of(*ys):
  return numbered([Labels(f"f y{i}", y, 12) for i, y in enumerate(map(np.asarray, ys))])


@pytest.mark.parametrize(
  ("y", "classes", "numbers"),
  [
    (Y, ("0", "1", "2"), Y),
    (Y * 2, ("0", "1", "2", "3", "4"), Y * 2),  # numbers from 0 on mean what they say
    (Y.astype(float), ("0", "1", "2"), Y),
    (Y[:, None], ("0", "1", "2"), Y),
    (Y[None], ("0", "1", "2"), Y),
    (Y + 1, ("1", "2", "3"), Y),
    (Y + 9, ("9", "10", "11"), Y),  # in the order of numbers, not of texts
    ((Y > 0) * 2 - 1, ("-1", "1"), Y > 0),
    (Y.astype(np.uint64) + np.uint64(2**63), tuple(str(2**63 + k) for k in range(3)), Y),
    (Y > 0, ("False", "True"), Y > 0),
    (np.array(["b", " a", "c"])[Y], ("a", "b", "c"), np.array([1, 0, 2])[Y]),
    (np.array([b"b", b"a", b"c"])[Y], ("a", "b", "c"), np.array([1, 0, 2])[Y]),
    (np.eye(3)[Y], ("0", "1", "2"), Y),
    (np.array(["cafe\u0301", "caf\u00e9", "x"])[Y], ("caf\u00e9", "x"), Y > 1),
  ],
)
def test_of_every_kind(y, classes, numbers):
  (found,), called, notes = of(y)
  assert (found.dtype, called) == (np.int32, classes)
  np.testing.assert_array_equal(found, numbers)
  plain = y.dtype.kind in "uif" and y.min() == 0 and 1 in (y.ndim, *y.shape)
  assert bool(notes) == (not plain and y.dtype.kind not in "bS")


def test_parts_are_numbered_alike():
  (a, b), classes, _ = of(Y + 1, Y + 2)
  assert classes == ("1", "2", "3", "4")
  np.testing.assert_array_equal(b - a, 1)


@pytest.mark.parametrize(
  ("y", "message"),
  [
    (Y - 1, r"f y0 has negative labels \(-1\) beside 0"),
    (Y + 0.5, "labels that are not integers"),
    (Y * np.nan, "labels that are not integers"),
    (Y[:9], "9 labels for 12 examples"),
    (np.eye(12) + 1, r"shape \(12, 12\): give one label an example"),
    (Y * 2**40, r"labels up to 2199023255552, more than 100000"),
    (np.array(["", "a", "b"])[Y], "row 1 is empty"),
  ],
)
def test_refuses(y, message):
  with pytest.raises(ValueError, match=message) as caught:
    of(y)
  assert "\n" not in str(caught.value)


def test_values_that_nearly_all_differ_are_no_classes():
  with pytest.raises(ValueError, match="60 different labels for 60 examples, which are no classes"):
    numbered([Labels("f", np.arange(60) + 7, 60)])


def test_clean():
  assert clean(" cafe\u0301\t") == "caf\u00e9"
