"""One array from many values: tensors, pictures, texts, sparse matrices."""

import numpy as np
import pytest
from PIL import Image
from scipy import sparse

from adapt.api import arrays, stacking
from adapt.data.raw import Texts


def test_sparse_matrices_are_made_dense():
  x = np.eye(5, 3)
  for given in (sparse.csr_matrix(x), sparse.coo_array(x)):
    found, notes = stacking.inputs(given, "it")
    assert found.dtype == np.float32 and not notes
    np.testing.assert_array_equal(found, x)


def test_pictures_become_arrays_with_channels_last():
  values = np.arange(20 * 12 * 12 * 3, dtype=np.uint8).reshape(20, 12, 12, 3)
  y = [0, 1] * 10
  pictures = ([Image.fromarray(v) for v in values], y)
  first = (values.transpose(0, 3, 1, 2), y)
  for source in (pictures, first):
    made, _ = arrays.domains_of(source, values)
    assert made.train.x.dtype == np.uint8
    np.testing.assert_array_equal(made.train.x[0], values[0])
  assert "channels first" in arrays.domains_of(first, values)[0].notes[0]
  grey = [Image.fromarray(v[..., 0]) for v in values]
  assert arrays.domains_of((grey, y), grey)[0].train.x.shape == (16, 12, 12, 1)
  mixed, notes = stacking.stacked([grey[0], Image.fromarray(values[0])], "it")
  assert mixed.shape == (2, 12, 12, 3) and "taken as RGB" in notes[0]


def test_lists_and_arrays_of_strings_are_texts():
  for x in (["a", "bb"], np.array(["a", "bb"]), np.array(["a", "bb"], object)):
    found, _ = stacking.inputs(x, "it")
    assert isinstance(found, Texts) and found.values.tolist() == ["a", "bb"]


@pytest.mark.parametrize(
  ("values", "message"),
  [
    ([np.zeros(2, int), np.zeros(3, int)], r"it row 1 has shape \[3\], row 0 \[2\]"),
    ([[1, 2], [1]], r"it row 1 has shape \[1\], row 0 \[2\]"),
    (["a", None], "it has None as text 2"),
    ([{"array": [1]}] * 2, "it row 0 is a dict"),
    (np.array([None, "a"], object), "it row 1 is a text, row 0 is nothing"),
    ([np.array(["a"])] * 2, "it row 0 has dtype <U1"),
    ([Image.new("L", (4, 4)), Image.new("I", (4, 4))], "it row 1 is a picture of mode I"),
    ([Image.new("L", (4, 4)), Image.new("L", (5, 4))], r"row 1 has shape \[4, 5\], .* resize"),
    ([], "it has no rows"),
  ],
)
def test_values_that_do_not_stack_are_named(values, message):
  with pytest.raises(ValueError, match=message):
    stacking.inputs(values, "it")
