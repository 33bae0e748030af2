"""Labels of arrays become numbers by what is predicted."""

import numpy as np
import pytest

from adapt.api.array_labels import Given, numbered

X = np.zeros((3, 2))


def _given(*ys, **more):
  return [Given(X, y if y is None else np.array(y), **more) for y in ys]


@pytest.mark.parametrize(
  ("output", "y", "expected", "names"),
  [
    ("classes", ["b", "a", "b"], [1, 0, 1], ("a", "b")),
    ("values", [1, 2, 4], [[1.0], [2.0], [4.0]], ()),
    ("labels", [[1, 0], [0, 1], [-1, 1]], [[1, 0], [0, 1], [-1, 1]], ("0", "1")),
  ],
)
def test_labels_by_what_is_predicted(output, y, expected, names):
  made, found = numbered(("s", "target"), _given(y, None), 1, output)
  assert made[0].y.tolist() == expected and found == names and made[1].y is None


def test_names_of_columns_are_kept_and_notes_say_what_cannot_be_learnt():
  y = [[1, 0], [0, 0], [-1, 0]]
  [made], names = numbered(["s"], _given(y, labels=("wet", "cold")), 1, "labels")
  assert names == ("wet", "cold")
  assert made.notes == (
    "s: the label cold is 0 in every example, which can be neither learnt nor judged",
  )


def test_masks_are_of_the_images_size():
  with pytest.raises(ValueError, match="the masks of s have shape"):
    numbered(["s"], _given([1, 2, 3]), 1, "pixels")
  with pytest.raises(ValueError, match="output='labels'"):
    numbered(["s"], _given([[1, 0]] * 3), 1, "classes")
