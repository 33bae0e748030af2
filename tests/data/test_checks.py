"""Each thing that keeps two domains from being trained on together has its own line."""

import numpy as np
import pytest

from adapt.data import Domain, Split, check_pair, few_shot


def domain(name="a", y=(0, 1, 2) * 4, n_test=3, shape=(4, 4, 1), dtype=np.uint8):
  y = None if y is None else np.array(y, np.int32)
  n = 12 if y is None else len(y)
  test = Split(np.zeros((n_test, *shape), dtype), None if y is None else y[:n_test])
  return Domain(name, Split(np.zeros((n, *shape), dtype), y), test, ("cat", "dog", "owl"))


def refuses(message, sources, target, batch_size=4, shots=0):
  with pytest.raises(ValueError, match=message) as caught:
    check_pair(sources, target, batch_size, shots)
  assert "\n" not in str(caught.value)


def test_good_pairs():
  check_pair([domain()], domain("b"), 12, shots=4)
  check_pair([domain()], domain("b", y=None), 12)
  # A target may lack classes, and sources may cover the classes together.
  check_pair([domain()], domain("b", y=(0, 2) * 6), 4, shots=6)
  check_pair([domain(y=(0, 1) * 3), domain(y=(2, 3) * 3)], domain("b"), 12)


def test_values_that_float32_blurs():
  y = np.random.default_rng(0).normal(0, 50, (12, 1))

  def of(name, centre):
    labels = (centre + y).astype(np.float32)
    return domain(name)._replace(
      train=Split(domain().train.x, labels), test=Split(domain().test.x, labels[:3])
    )

  refuses(
    r"spread by .* around 1[0-9]{9}, which float32 blurs: subtract",
    [of("a", 1.6e9)],
    of("b", 1.6e9),
  )
  check_pair([of("a", 1e6)], of("b", 1e6), 4)


def test_no_source():
  refuses(r"no source domain: name at least one", [], domain())


@pytest.mark.parametrize("shape", [(5, 5, 1), (4, 4, 3), (16,)])
def test_shapes(shape):
  message = r"training set of b has examples of shape .*, a of \(4, 4, 1\): bring them to one size"
  refuses(message, [domain()], domain("b", shape=shape))
  refuses(message, [domain(), domain("b", shape=shape)], domain("c"))


def test_kinds():
  message = r"the training set of b is float32, a uint8: convert one"
  refuses(message, [domain()], domain("b", dtype=np.float32))


def test_test_split_is_checked_too():
  odd = domain("b")._replace(test=domain("b", shape=(5, 5, 1)).test)
  refuses(r"the test set of b has examples of shape", [domain()], odd)


def test_empty_sets():
  refuses(r"the test set of b is empty: give it examples", [domain()], domain("b", n_test=0))
  refuses(r"the training set of a is empty", [domain(y=())], domain("b"))


def test_lengths():
  odd = domain("b")._replace(train=Split(np.zeros((5, 4, 4, 1), np.uint8), np.zeros(4, np.int32)))
  refuses(r"training set of b has 5 examples but 4 labels", [domain()], odd)


def test_source_labels():
  refuses(
    r"the source a has no labels: add them \(y\), or name their column \(--label-column\)",
    [domain(y=None)],
    domain("b"),
  )
  message = r"must be 0 to 4 without a gap, but 1, 3 are missing: renumber"
  refuses(message, [domain(y=(0, 2, 4) * 4)], domain("b", y=(0,) * 12))
  refuses(r"0 is missing", [domain(y=(1, 2, 3) * 4)], domain("b", y=(1,) * 12))
  refuses(r"-1 found: renumber", [domain(y=(-1, 0, 1) * 4)], domain("b", y=(0,) * 12))


def test_target_classes():
  message = r"the target b has the classes 2 \(owl\), 7, which no source has: drop their examples"
  refuses(message, [domain(y=(0, 1) * 6)], domain("b", y=(0, 2, 7) * 4))


def test_batch_size():
  refuses(
    r"the source has 12 training examples, fewer than a batch of 13", [domain()], domain(), 13
  )
  message = (
    r"the target has 6 training examples, fewer than a batch of 12: use a smaller --batch-size"
  )
  refuses(message, [domain()], domain("b", y=(0, 1, 2) * 2), 12)


def test_shots():
  message = r"2 shots need target labels, and b has none: add y, or use 0"
  refuses(message, [domain()], domain("b", y=None), shots=2)
  message = (
    r"class 1 \(dog\) of the target b has 2 training examples, fewer than 3 shots: use at most 2"
  )
  refuses(message, [domain()], domain("b", y=(0,) * 5 + (1,) * 2 + (2,) * 5), shots=3)
  refuses(r"shots is -1: give 0 or more", [domain()], domain("b"), shots=-1)


def test_few_shot():
  y = np.array([2, 0, 1] * 10)
  rows = few_shot(y, 3, seed=1)
  assert rows.tolist() == sorted(set(rows.tolist()))
  assert np.bincount(y[rows]).tolist() == [3, 3, 3]
  np.testing.assert_array_equal(rows, few_shot(y, 3, seed=1))
  assert rows.tolist() != few_shot(y, 3, seed=2).tolist()
  assert few_shot(y, 0, seed=1).shape == (0,)
  with pytest.raises(ValueError, match=r"class 0 has 10 examples, fewer than 11 shots: use fewer"):
    few_shot(y, 11, seed=1)
  with pytest.raises(ValueError, match=r"shots is -1: give 0 or more"):
    few_shot(y, -1, seed=1)


def test_named_classes_mean_the_same_everywhere():
  a, b = domain("a"), domain("b")
  swapped = b._replace(classes=("dog", "cat", *b.classes[2:]))
  refuses("class 0 is 'cat' in a and 'dog' in b: renumber one of them", [a], swapped)
  numbered = b._replace(classes=tuple(map(str, range(len(b.classes)))))
  assert check_pair([a], numbered, 4) is None


def test_a_source_needs_test_labels_too():
  a = domain()
  bare = a._replace(test=a.test._replace(y=None))
  message = r"the test split of the source a has no labels: add them, or leave that split out"
  refuses(message, [bare], domain("b"))
  b = domain("b")
  check_pair([a], b._replace(test=b.test._replace(y=None)), 4)
