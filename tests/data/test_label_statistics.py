"""Statistics of labels that are no classes, by hand."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.label_statistics import kind, statistics


def domain(name, train, test, classes=()):
  parts = [Split(np.zeros((3, 2), np.float32), y) for y in (train, test)]
  return Domain(name, *parts, classes)


VALUES = np.array([[1, 5], [4, np.nan], [-2, 7]], np.float32)


def test_values_by_hand():
  found = statistics([domain("s", VALUES, VALUES[:1]), domain("t", VALUES[1:2], None)], "a, b")
  assert list(found) == ["a", "b"] and list(found["a"]) == [
    "s train",
    "s test",
    "t train",
    "t test",
  ]
  std = np.sqrt(((1 - 1) ** 2 + (4 - 1) ** 2 + (-2 - 1) ** 2) / 3)
  expected = {"count": 3, "missing": 0, "min": -2, "mean": 1, "max": 4, "std": std}
  assert found["a"]["s train"] == pytest.approx(expected)
  of_b = {"count": 2, "missing": 1, "min": 5, "mean": 6, "max": 7, "std": 1}
  assert found["b"]["s train"] == pytest.approx(of_b)
  none = dict.fromkeys(("min", "mean", "max", "std"))
  assert found["b"]["t train"] == {"count": 0, "missing": 1, **none}
  assert found["a"]["t test"] is None
  assert list(statistics([domain("s", VALUES, VALUES)])) == ["value 1", "value 2"]


def test_labels_by_hand():
  y = np.array([[1, -1], [0, 1], [1, -1], [-1, -1]], np.int32)
  found = statistics([domain("s", y, y[:1], ("p", "q"))])
  assert found["p"]["s train"] == pytest.approx({"positive": 2 / 3, "unknown": 0.25})
  assert found["q"]["s train"] == pytest.approx({"positive": 1, "unknown": 0.75})
  assert found["q"]["s test"] == {"positive": None, "unknown": 1}


def test_pixels_by_hand():
  y = np.array([[[0, 2], [2, -1]], [[-1, -1], [2, -1]]], np.int32)
  found = statistics([domain("s", y, y - 3, ("a", "b"))])
  assert list(found) == ["a", "b", "2", "ignored"]
  shares = [found[name]["s train"]["share"] for name in found]
  assert shares == pytest.approx([1 / 4, 0, 3 / 4, 1 / 2])
  assert [found[name]["s test"]["share"] for name in ("a", "ignored")] == [None, 1]


def test_labels_that_cannot_be_set_side_by_side():
  other = domain("t", np.zeros(3, np.int32), None)
  with pytest.raises(ValueError, match=r"different kinds \(s has values, t has classes\)"):
    kind([domain("s", VALUES, VALUES), other])
  with pytest.raises(ValueError, match=r"different numbers of labels an example \(s 2, t 1\)"):
    kind([domain("s", VALUES, VALUES), domain("t", VALUES[:, :1], None)])
  assert kind([domain("s", None, None)]) == "classes"
