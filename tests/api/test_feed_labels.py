"""Labels of data sets and loaders: several an example give what arrays of them give."""

import numpy as np
import pytest

from adapt.api import arrays, feed_labels
from adapt.data.reading import Reading

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3)).astype(np.float32)
MARKS = (X > 0).astype(np.int64)  # as many labels as inputs, which a batch could be mistaken for
VALUES = X[:, :2] * 2


class MapStyle:
  """As torch.utils.data.Dataset: rows by number."""

  def __init__(self, *columns, names=()):
    self.columns, self.names = columns, names

  def __len__(self):
    return len(self.columns[0])

  def __getitem__(self, i):
    if i >= len(self):
      raise IndexError(i)
    row = tuple(c[i] for c in self.columns)
    return dict(zip(self.names, row, strict=True)) if self.names else row


class Loader(MapStyle):
  """As torch's DataLoader: batches of collated pairs."""

  batch_size = 7

  def __iter__(self):
    for at in range(0, len(self), self.batch_size):
      part = [self[i] for i in range(at, min(at + self.batch_size, len(self)))]
      if self.names:
        yield {n: np.array([row[n] for row in part]) for n in self.names}
      else:
        yield [np.array(c) for c in zip(*part, strict=True)]


class HuggingFace:
  """As datasets.Dataset in memory: columns by name."""

  def __init__(self, **columns):
    self.columns, self.column_names = columns, list(columns)
    self.features = {}

  def __len__(self):
    return len(self.columns["x"])

  def __getitem__(self, name):
    return self.columns[name]


def read(source, output, label="label"):
  return arrays.domains_of(source, X, label=label, reading=Reading(output=output))[0]


def columns(y):
  return dict(zip("abc", y.T.tolist(), strict=False))


@pytest.mark.parametrize(("output", "y"), [("labels", MARKS), ("values", VALUES)])
def test_every_way_in_gives_what_the_arrays_give(output, y):
  names = list(columns(y))
  pairs = [
    (MapStyle(X, y), "label"),
    (MapStyle(X, y, names=("x", "label")), "label"),
    (Loader(X, y), "label"),
    (Loader(X, y, names=("x", "marks")), "marks"),
    (({"x": row, "y": own} for row, own in zip(X, y, strict=True)), "label"),
    (((X[i : i + 9], y[i : i + 9]) for i in range(0, 40, 9)), "label"),
    (HuggingFace(x=X.tolist(), label=y.tolist()), "label"),
    (HuggingFace(x=X.tolist(), **columns(y)), ",".join(names)),
    (Loader(X, *y.T, names=("x", *names)), ",".join(names)),
    (MapStyle(X, *y.T, names=("x", *names)), ",".join(names)),
  ]
  expected = read((X, y), output)
  for source, label in pairs:
    found = read(source, output, label)
    for a, b in ((found.train, expected.train), (found.test, expected.test)):
      np.testing.assert_array_equal(a.x, b.x)
      np.testing.assert_array_equal(a.y, b.y)
    if output == "labels":
      assert found.classes == (tuple(names) if "," in label else ("0", "1", "2"))


def test_unknown_labels_and_a_single_value():
  y = [[1, None, 0], [0, 1, -1]] * 20
  found = read(MapStyle(X, y), "labels")
  assert set(np.unique(found.train.y)) == {-1, 0, 1}
  apart = HuggingFace(x=X, **dict(zip("abc", map(list, zip(*y, strict=True)), strict=True)))
  np.testing.assert_array_equal(read(apart, "labels", "a,b,c").train.y, found.train.y)
  assert read(MapStyle(X, VALUES[:, 0]), "values").train.y.shape == (32, 1)
  source = (X, MARKS)
  bare = arrays.domains_of(source, MapStyle(X, [None] * 40), reading=Reading(output="labels"))[1]
  assert bare.train.y is None


def test_lists_of_class_numbers_become_labels():
  source = HuggingFace(x=X, label=[[0, 2], [], [1]] * 13 + [None])
  inner = type("ClassLabel", (), {"names": ["p", "q", "r"]})()
  source.features = {"label": type("Sequence", (), {"feature": inner})()}
  found = read(source, "labels")
  assert found.classes == ("p", "q", "r")
  y = np.concatenate([found.train.y, found.test.y])
  assert sorted(map(tuple, y.tolist())) == sorted(
    [(1, 0, 1)] * 13 + [(0, 0, 0)] * 13 + [(0, 1, 0)] * 13 + [(-1, -1, -1)]
  )
  source.columns["label"][4] = [3]
  with pytest.raises(ValueError, match="source row 4 has the label 3, and 3 have names"):
    read(source, "labels")


@pytest.mark.parametrize(
  ("source", "output", "message"),
  [
    (MapStyle(X, MARKS), "classes", r"row 0 has a label of shape \[3\]: give one value, or of sev"),
    (MapStyle(X, [[1, 0]] * 5 + [[1]] + [[0, 0]] * 34), "labels", r"row 5 .*\[1\], row 0 \[2\]"),
    (MapStyle(X, [[1, 0]] * 5 + [None] * 35), "labels", "row 5 has no label and row 0 has one"),
    (MapStyle(X, MARKS + 1), "labels", r"the labels of source row \d+ has the value 2"),
    (MapStyle(X, [["a", "b"]] * 40), "values", "--output values needs numbers"),
    (MapStyle(X, [[]] * 40), "values", r"row 0 has a label of shape \[0\]"),
    (MapStyle(X, MARKS[:, :1]), "labels", r"shape \[40\] for 40 examples"),
    (
      ((X[:9], VALUES[:9, 0]) for _ in "a"),
      "values",
      r"shape \[9, 3\] .*\[9\], so it may be a batch",
    ),
    (MapStyle(np.ones((40, 3, 2)), MARKS), "labels", "element 0 .* may be a batch or one example"),
    (HuggingFace(x=X, a=[0, 1] * 20, c=[0, 1] * 20), "labels", "column 'a' of a,b, and no 'b'"),
  ],
)
def test_labels_that_do_not_fit_are_named(source, output, message):
  with pytest.raises(ValueError, match=message):
    read(source, output, "a,b" if isinstance(source, HuggingFace) else "label")


def test_predictions_take_what_training_took():
  given = arrays.given(MapStyle(X, MARKS), output="labels")
  np.testing.assert_array_equal(given.x, X)
  assert feed_labels.SEVERAL == ("values", "labels")


def test_torch_data_sets_and_loaders():
  torch = pytest.importorskip("torch")
  rows = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(VALUES))
  expected = read((X, VALUES), "values")
  for source in (rows, torch.utils.data.DataLoader(rows, 7)):
    np.testing.assert_array_equal(read(source, "values").train.y, expected.train.y)


def test_hugging_face_data_sets():
  datasets = pytest.importorskip("datasets")
  rows = datasets.Dataset.from_dict({"x": X.tolist(), "label": MARKS.tolist()})
  expected = read((X, MARKS), "labels").train
  np.testing.assert_array_equal(read(rows, "labels").train.y, expected.y)
  numbers = [np.flatnonzero(row).tolist() for row in MARKS]
  inner = datasets.Sequence(datasets.ClassLabel(names=["p", "q", "r"]))
  features = datasets.Features({"x": datasets.Sequence(datasets.Value("float32")), "label": inner})
  rows = datasets.Dataset.from_dict({"x": X.tolist(), "label": numbers}, features=features)
  found = read(rows, "labels")
  np.testing.assert_array_equal(found.train.y, expected.y)
  assert found.classes == ("p", "q", "r")
