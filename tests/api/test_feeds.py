"""Data sets of other libraries, by fakes that do what theirs do, and by theirs where installed."""

import numpy as np
import pytest
import toy

from adapt.api import arrays, feeds

X, Y = toy.MOONS.train.x, toy.MOONS.train.y
XT = toy.TURNED.train.x
PLAIN = arrays.domains_of((X, Y), XT)


class Tensor:
  """As torch's: an array only once it has left its graph."""

  def __init__(self, values, graph=False):
    self._values, self._graph = np.asarray(values), graph
    self.shape = self._values.shape

  def detach(self):
    return Tensor(self._values)

  def cpu(self):
    return self

  def __array__(self, dtype=None, copy=None):
    if self._graph:
      raise RuntimeError("Can't call numpy() on Tensor that requires grad")
    return self._values


class MapStyle:
  """As torch.utils.data.Dataset: a length, and rows by number without an end of their own."""

  def __init__(self, *columns, row=lambda *parts: parts):
    self.columns, self.row = columns, row

  def __len__(self):
    return len(self.columns[0])

  def __getitem__(self, i):
    return self.row(*(c[i] for c in self.columns))


class Loader:
  """As torch's DataLoader, whose collated pairs are lists."""

  drop_last = False

  def __init__(self, dataset, batch_size, sampler="SequentialSampler"):
    self.dataset, self.batch_size = dataset, batch_size
    self.sampler = type(sampler, (), {})()

  def __iter__(self):
    rows = [self.dataset[i] for i in range(len(self.dataset))]
    for at in range(0, len(rows), self.batch_size):
      part = rows[at : at + self.batch_size]
      if isinstance(part[0], dict):
        yield {n: Tensor([r[n] for r in part], True) for n in part[0]}
      elif isinstance(part[0], tuple):
        yield [Tensor(np.array(c), True) for c in zip(*part, strict=True)]
      else:
        yield Tensor(np.array(part))

  def __len__(self):
    return -(-len(self.dataset) // self.batch_size)


class HuggingFace:
  """As datasets.Dataset: columns by name, and features that name the classes."""

  def __init__(self, columns, names=None, label="label"):
    self.columns, self.column_names = columns, list(columns)
    self.features = dict.fromkeys(columns)
    if names:
      self.features[label] = type("ClassLabel", (), {"names": names})()

  def __len__(self):
    return len(self.columns[self.column_names[0]])

  def __getitem__(self, key):
    if isinstance(key, str):
      return self.columns[key]
    return {n: c[key] for n, c in self.columns.items()}

  def __iter__(self):
    return (self[i] for i in range(len(self)))


def same(found):
  for one, other in zip(found, PLAIN, strict=True):
    for a, b in ((one.train, other.train), (one.test, other.test)):
      np.testing.assert_array_equal(a.x, b.x)
      assert (a.y is None) == (b.y is None)
      if a.y is not None:
        np.testing.assert_array_equal(a.y, b.y)


def dicts(*parts):
  return dict(zip(("x", "label"), parts, strict=False))


@pytest.mark.parametrize(
  ("source", "target"),
  [
    (MapStyle(X, Y), MapStyle(XT, row=lambda x: x)),
    (MapStyle([Tensor(x, True) for x in X], Y), MapStyle(XT)),  # rows of one part
    (MapStyle(X, Y, row=dicts), MapStyle(XT, row=dicts)),
    (Loader(MapStyle(X, Y), 7), Loader(MapStyle(XT, row=lambda x: x), 7)),
    (Loader(MapStyle(X, Y, row=dicts), 7), Loader(MapStyle(XT, row=dicts), 7)),
    (HuggingFace({"x": X.tolist(), "label": Y.tolist()}), HuggingFace({"x": XT.tolist()})),
    (HuggingFace({"v": list(X), "target": Y}), (HuggingFace({"v": XT, "target": [None] * 320}))),
    (list(zip(X, Y.tolist(), strict=True)), iter(XT)),
    ([{"x": x, "y": y} for x, y in zip(X, Y, strict=True)], [{"x": x} for x in XT]),
    (((X[i : i + 9], Y[i : i + 9]) for i in range(0, 320, 9)), MapStyle(XT, [None] * 320)),
    ((Tensor(X, True), Tensor(Y)), Tensor(XT, True)),
    ((list(X), Y.tolist()), list(XT)),
  ],
  ids=[
    *("map", "parts", "dicts", "loader", "dict_loader", "columns", "other_names", "list"),
    *("dict_list", "batches", "tensors", "lists"),
  ],
)
def test_every_way_in_gives_what_the_arrays_give(source, target):
  same(arrays.domains_of(source, target))


def test_columns_of_numbers_and_texts_are_a_table():
  columns = {"a": [1.0, None] * 10, "b": ["u", "v"] * 10, "label": [0, 1] * 10}
  source, target = arrays.domains_of(HuggingFace(columns), HuggingFace(columns))
  assert source.features == target.features == ("a", "a missing", "b=u", "b=v", "b unseen")


def test_names_of_classes_match_by_name():
  columns = {"x": list(X), "label": Y.tolist()}
  turned = {"x": list(X), "label": (1 - Y).tolist()}
  source, target = arrays.domains_of(
    HuggingFace(columns, ["no", "yes"]), HuggingFace(turned, ["yes", "no"])
  )
  assert source.classes == ("no", "yes")
  np.testing.assert_array_equal(source.train.y, target.train.y)
  plain, _ = arrays.domains_of(HuggingFace(columns, ["no", "yes"]), (X, Y))
  assert plain.classes == ("0", "1") and "count as numbers" in plain.notes[0]
  _, unknown = arrays.domains_of(
    HuggingFace(columns), HuggingFace({"x": list(X), "label": [-1] * 320}, ["no", "yes"])
  )
  assert unknown.train.y is None
  folder = MapStyle(X, Y)
  folder.classes = ["cat", "dog"]
  part = MapStyle(X[:50], Y[:50])
  part.dataset = folder
  assert arrays.domains_of(folder, part)[1].classes == ("cat", "dog")


def test_a_loader_says_what_it_does_with_the_order():
  loader = Loader(MapStyle(X, Y), 7, "RandomSampler")
  loader.drop_last = True
  notes = arrays.domains_of(loader, XT)[0].notes
  assert "shuffles" in notes[0] and "drops its last rows" in notes[1]


def wrong(at, value, label=None):
  """Rows of which one is spoilt."""
  rows = [(x, int(y)) for x, y in zip(X, Y, strict=True)]
  rows[at] = (value, rows[at][1]) if label is None else (rows[at][0], label)
  return rows


def unreadable(i):
  if i == 3:
    raise OSError("truncated\nfile")
  return X[i], 0


@pytest.mark.parametrize(
  ("source", "message"),
  [
    (wrong(5, np.zeros(3)), r"source row 5 has shape \[3\], row 0 \[2\]"),
    (wrong(5, "text"), "source row 5 is a text, row 0 is an array"),
    (wrong(5, None), "source row 5 is nothing, row 0 is an array"),
    (wrong(5, np.zeros(2, np.uint8)), "source row 5 is uint8, row 0 is float32"),
    (wrong(5, None, [1, 2]), r"source row 5 has a label of shape \[2\]"),
    (wrong(5, None, "no"), "source row 5 has the label no, unlike row 0's"),
    (MapStyle(X, [0, None] * 160), "source row 1 has no label and row 0 has one"),
    (MapStyle(range(320), row=unreadable), r"source row 3 cannot be read \(OSError: truncated\)"),
    (MapStyle(X, Y, Y), "source row 0 has 3 parts"),
    (MapStyle([], []), "source has no rows"),
    (MapStyle(Y, Y), "source row 0 is a single number"),
    ([{"x": X[0], "y": 0}, {"x": X[0]}], "source row 1 has x, row 0 x, y"),
    (({"x": X[0], "y": 0} for _ in range(0)), "source has no rows"),
    (Loader(MapStyle(X, [-1] + [0] * 319), 4), None),
    (HuggingFace({"p": [{}] * 9, "q": [0] * 9, "label": [0] * 9}), "columns p, q: call the one"),
    (HuggingFace({"x": X, "label": [-1] + [0] * 319}, ["a"]), "source row 0 has the label -1"),
    (type("DatasetDict", (dict,), {"column_names": {}})(train=1, test=2), "splits train, test"),
  ],
)
def test_rows_that_do_not_fit_are_named(source, message):
  if message is None:
    assert len(arrays.domains_of(source, XT)[0].classes) == 2
    return
  with pytest.raises(ValueError, match=message):
    arrays.domains_of(source, XT)


def test_a_batch_that_may_be_a_picture_and_an_endless_iterable_are_refused(monkeypatch):
  with pytest.raises(ValueError, match=r"target element 0 .*a batch or one picture"):
    arrays.domains_of((X, Y), (X[i : i + 9] for i in range(0, 320, 9)))
  monkeypatch.setattr(feeds.npy, "memory", lambda: 1000)
  with pytest.raises(ValueError, match="more than memory holds after row 126"):
    arrays.domains_of((X, Y), (X[0] for _ in iter(int, 1)))


def test_torch_data_sets_and_loaders():
  torch = pytest.importorskip("torch")
  data = torch.utils.data
  rows = data.TensorDataset(torch.tensor(X, requires_grad=True), torch.tensor(Y))
  same(arrays.domains_of(rows, data.TensorDataset(torch.tensor(XT))))
  same(arrays.domains_of(data.DataLoader(rows, 7), torch.tensor(XT)))


def test_hugging_face_data_sets():
  datasets = pytest.importorskip("datasets")
  features = datasets.Features(
    {
      "x": datasets.Sequence(datasets.Value("float32")),
      "label": datasets.ClassLabel(names=["n", "y"]),
    }
  )
  rows = datasets.Dataset.from_dict({"x": X.tolist(), "label": Y.tolist()}, features=features)
  same(arrays.domains_of(rows, datasets.Dataset.from_dict({"x": XT.tolist()})))
