"""What stands in an unseen domain's place: source inputs, and encodings by the sources alone."""

import numpy as np
import pytest

from adapt.data import Domain, Split, encode, unseen
from adapt.data.raw import Column, Table
from adapt.data.reading import Reading


def domain(name, n, fill=0.0):
  x = np.full((n, 2), fill, np.float32) + np.arange(n, dtype=np.float32)[:, None]
  y = np.arange(n, dtype=np.int32) % 2
  return Domain(name, Split(x, y), Split(x[:3] + 100, y[:3]), ("0", "1"))


def test_the_largest_source_stands_in_the_target_s_place():
  small, large, target = domain("a", 4), domain("b", 6, 50.0), domain("t", 9, -7.0)
  found = unseen.hidden([small, large], target)
  assert found.train.x is large.train.x and found.train.y is None
  assert found.test is target.test
  again = unseen.hidden([small, large], target, 8).train.x
  np.testing.assert_array_equal(again, large.train.x[[0, 1, 2, 3, 4, 5, 0, 1]])


def table(name, number, values):
  """Rows with a number, and a column called id."""
  columns = Column("u", np.asarray(number, float)), Column("id", np.asarray(values, float))
  y = np.arange(len(number), dtype=np.int32) % 2
  both = Table(columns)
  return Domain(name, Split(both, y), Split(both, y), ("0", "1"))


def test_a_table_is_encoded_by_its_sources_alone():
  sources = [table("a", range(12), range(12)), table("b", range(5, 17), range(12))]
  usual = table("t", range(12), range(12))
  odd = table("t", [1000.0] * 11 + [np.nan], [7] * 12)  # no id there, a missing cell, another scale
  first, second = (unseen.together([*sources, t], Reading()) for t in (usual, odd))
  for a, b in zip(first[:2], second[:2], strict=True):
    np.testing.assert_array_equal(a.train.x, b.train.x)
  assert first[0].train.x.shape[1] == second[2].test.x.shape[1] == 1
  seen = encode.together([*sources, odd], Reading())
  assert seen[0].train.x.shape[1] > 1  # the target's values decide there that no column is an id
  assert np.isfinite(second[2].test.x).all() and np.ptp(second[2].test.x) > 0
  assert second[2].train.x is second[0].train.x


@pytest.mark.parametrize("option", [{"scale": "per-domain"}, {"transductive": True}])
def test_options_that_need_the_target_are_refused(option):
  every = [table(n, range(12), range(12)) for n in "abt"]
  with pytest.raises(ValueError, match="unseen"):
    unseen.together(every, Reading(**option))
