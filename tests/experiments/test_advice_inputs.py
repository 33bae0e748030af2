"""What cannot be compared is refused in one line, and pictures show every domain."""

import numpy as np
import pytest

from adapt.data import Domain, Split
from adapt.data.toy import blobs
from adapt.experiments.advice import advice
from adapt.experiments.advice_inputs import pictures

RNG = np.random.default_rng(0)


def of(name, x, y):
  return Domain(name, Split(x, y), Split(x[:8], None if y is None else y[:8]), tuple("abcdefgh"))


SOURCE, SAME = (of(name, *blobs(320, 0, seed)) for name, seed in (("source", 1), ("same", 2)))
X, Y = SOURCE.train


@pytest.mark.parametrize(
  ("domains", "said"),
  [
    ([SAME], "no source"),
    ([of("a", X, None), SAME], "a has no labels"),
    ([of("a", X[:, :1], Y), SAME], r"a has inputs of shape \[1\], same of"),
    ([of("a", X.astype(np.float64), Y), SAME], "a is float64, same float32"),
    ([of("a", X, Y.astype(np.float32)[:, None]), SAME], "the labels are values"),
    ([of("a", X.astype(np.int32), Y), of("b", X.astype(np.int32), Y)], "token ids"),
    ([of("a", X[:3], Y[:3]), SAME], "a has 3 rows"),
    ([SOURCE, of("b", X[:3], None)], "b has 3 rows"),
    ([of("a", X * np.nan, Y), SAME], "NaN"),
    (
      [SOURCE, of("b", np.ones_like(X), None)],
      "b has one distinct row, 320 times.*inputs that vary",
    ),
  ],
)
def test_what_cannot_be_compared_is_one_line(domains, said):
  with pytest.raises(ValueError, match=said):
    advice(domains)


def test_pictures_have_some_rows_of_each_on_two_axes():
  made = pictures(["a", "b"], [RNG.normal(size=(400, 3)), RNG.normal(size=(20, 3)) + 9])
  assert [np.shape(v) for v in made.values()] == [(300, 2), (20, 2)]
  assert abs(np.mean(made["a"], axis=0) - np.mean(made["b"], axis=0)).max() > 1
  assert np.shape(pictures(["a"], [np.ones((9, 1))])["a"]) == (9, 2)
