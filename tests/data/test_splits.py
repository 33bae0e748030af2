"""The fixed split: its size, its shares, and what happens to classes of one example."""

import numpy as np
import pytest

from adapt.data.splits import stratified


def counted(y, part):
  return np.bincount(np.asarray(y)[part], minlength=max(y) + 1).tolist()


def test_a_fifth_of_each_class():
  y = [0] * 50 + [1] * 10 + [2] * 5
  train, test = stratified(y)
  assert counted(y, test) == [10, 2, 1]
  assert sorted([*train, *test]) == list(range(65))
  assert (np.diff(train) > 0).all() and (np.diff(test) > 0).all()
  np.testing.assert_array_equal(test, stratified(y)[1])
  assert test.tolist() != stratified(y, seed=1)[1].tolist()
  assert counted(y, stratified(y, fraction=0.1)[1]) == [5, 1, 0]


def test_largest_remainders_fill_the_part():
  y = [0] * 7 + [1] * 4 + [2] * 4  # shares 1.4, 0.8, 0.8 of three
  assert counted(y, stratified(y)[1]) == [1, 1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_no_class_of_two_or_more_loses_its_last_example(seed):
  rng = np.random.default_rng(seed)
  y = np.repeat(np.arange(12), rng.integers(1, 4, 12))
  train, test = stratified(y, seed=seed)
  assert len(test) == max(1, len(y) // 5)
  assert set(y[train]) == set(range(12))


def test_single_examples_stay_in_the_training_part():
  y = [*range(10), 10, 10]  # a fifth would be two
  train, test = stratified(y)
  assert set(np.array(y)[train]) == set(range(11))
  assert [y[i] for i in test] == [10]


def test_classes_of_one_example_each():
  train, test = stratified(np.arange(10))
  assert (len(train), len(test)) == (8, 2)
  assert [len(part) for part in stratified([0, 1, 1])] == [2, 1]
  assert 0 in stratified([0, 1, 1])[0]


def test_of_one_example_nothing_is_held_out():
  train, test = stratified([0])
  assert (train.tolist(), test.tolist()) == ([0], [])
  with pytest.raises(ValueError, match=r"no example .* give at least 2"):
    stratified([])


def test_names_are_labels_too():
  train, test = stratified(np.array(["cat", "dog"] * 10))
  assert (len(train), len(test)) == (16, 4)
