"""Class sets: which examples stay, how they are numbered, and what cannot be asked."""

import numpy as np
import pytest
from PIL import Image

from adapt.data import Domain, Split, check_pair, label_sets
from adapt.data.images import Files, Images
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import Task

NAMES = tuple("abcdefgh")
Y = np.array([0, 7, 3, 2, 5, 1, 4, 6, 0, 2, 7, 5], np.int32)


def domain(name="s", y=Y, x=None):
  x = np.arange(len(Y), dtype=np.float32)[:, None] if x is None else x
  return Domain(name, Split(x, y), Split(x, y), NAMES)


@pytest.mark.parametrize(
  ("sets", "relation"),
  [((4,), "closed"), ((2, 3), "partial"), ((2, 0, 3), "open"), ((2, 1, 3), "universal")],
)
def test_the_numbers_name_the_relation(sets, relation):
  task = Task("t", ("s",), "t", ClassSets(*sets))
  assert task.relation == relation
  assert task.unknown == (relation in ("open", "universal"))
  assert Task("t", ("s",), "t").relation == "closed"


def test_each_side_keeps_its_classes_and_private_ones_of_the_target_are_unknown():
  [source], target = label_sets.restricted([domain()], domain("t"), ClassSets(2, 3, 2))
  for split in source.train, source.test:
    np.testing.assert_array_equal(split.y, [0, 3, 2, 1, 4, 0, 2])
    np.testing.assert_array_equal(Y[split.x[:, 0].astype(int)], split.y)  # inputs and labels agree
  kept = target.train.x[:, 0].astype(int)
  np.testing.assert_array_equal(Y[kept], [0, 5, 1, 6, 0, 5])  # neither 2 … 4 nor the last, 7
  np.testing.assert_array_equal(target.train.y, [0, 5, 1, 5, 0, 5])
  assert source.classes == ("a", "b", "c", "d", "e")
  assert target.classes == (*source.classes, "unknown")
  check_pair([source], target, 4, unknown=True)
  with pytest.raises(ValueError, match=r"5 \(unknown\), which no source has.*--classes"):
    check_pair([source], target, 4)


def test_a_partial_target_has_no_unknown_class():
  [source], target = label_sets.restricted([domain()], domain("t"), ClassSets(2, 6))
  assert set(target.train.y) == {0, 1} and target.classes == NAMES
  np.testing.assert_array_equal(source.train.y, Y)


def test_encoded_images_stay_encoded(tmp_path):
  for i in range(len(Y)):
    Image.new("RGB", (4, 4), (i, 0, 0)).save(tmp_path / f"{i}.png")
  images = Images(Files(tuple(str(tmp_path / f"{i}.png") for i in range(len(Y)))), side=4)
  [source], target = label_sets.restricted(
    [domain(x=images)], domain("t", x=images), ClassSets(2, 3, 2)
  )
  assert isinstance(source.train.x, Images)
  assert source.train.x[:][:, 0, 0, 0].tolist() == [0, 2, 3, 5, 6, 8, 9]
  assert target.test.x[:][:, 0, 0, 0].tolist() == [0, 4, 5, 7, 8, 11]


def test_a_target_without_labels_stays_as_it_is():
  [_], target = label_sets.restricted([domain()], domain("t", y=None), ClassSets(6, 2, 9))
  assert len(target.train.x) == len(Y) and target.train.y is None


def test_more_classes_than_there_are_is_refused():
  with pytest.raises(
    ValueError, match=r"--classes 4/3/2 needs class 8 in t, which has \d classes up to 7"
  ):
    label_sets.restricted([domain()], domain("t"), ClassSets(4, 3, 2))


def test_the_flag_is_three_numbers():
  assert label_sets.parsed("10/5/50") == ClassSets(10, 5, 50)
  assert label_sets.parsed("") is None
  for text in ("10", "10/5", "0/5/5", "a/b/c", "1/-2/3", "1/2/3/4"):
    with pytest.raises(ValueError, match=r"SHARED/SOURCE/TARGET.*--classes 10/5/50"):
      label_sets.parsed(text)
