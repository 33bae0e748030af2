"""Names of classes by label."""

import numpy as np
import pytest

from adapt.data import Domain, Split, label_map


def test_classes_get_the_names_of_their_labels():
  assert label_map.parsed("yes=1, no=0") == {"1": "yes", "0": "no"}
  assert label_map.parsed("yes=1|2, no=0") == {"1": "yes", "2": "yes", "0": "no"}
  assert label_map.parsed("") == {}
  split = Split(np.zeros((3, 1), np.float32), np.array([1, 0, -1], np.int32))
  domain = Domain("d", split, split._replace(y=None), ("0", "1"))
  found = label_map.renamed(domain, {"1": "yes", "0": "no", "7": "x"})
  assert found.classes == ("no", "yes")
  assert found.train.y.tolist() == [1, 0, -1] and found.test.y is None
  assert label_map.renamed(domain, {"7": "x"}) is domain


def test_labels_of_one_name_become_one_class():
  split = Split(np.zeros((4, 1), np.float32), np.array([0, 1, 2, -1], np.int32))
  found = label_map.renamed(Domain("d", split, split, ("0", "1", "2")), {"0": "a", "2": "a"})
  assert found.classes == ("a", "1")
  assert found.train.y.tolist() == [0, 1, 0, -1]


@pytest.mark.parametrize("text", ["yes", "yes=", "=1", "yes=1,no=1", "yes=1|", "yes=1|1"])
def test_other_forms_are_refused(text):
  with pytest.raises(
    ValueError, match=r"--label-map .* is not NAME=LABEL,…: write e.g. yes=1,no=0"
  ):
    label_map.parsed(text)


def test_negative_numbers_are_numbers_too():
  def of(*classes):
    split = Split(np.zeros((2, 1), np.float32), np.array([0, 0], np.int32))
    return Domain("d", split, split, classes)

  assert label_map.numbered(of("-1", "1")) and label_map.numbered(of("1"))
  assert not label_map.numbered(of("-", "1"))
  assert "--label-map=a=-1,b=1" in label_map.mixed(of("-1", "1"), of("a", "b"))
