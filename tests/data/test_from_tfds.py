"""tfds:NAME[/config][/split]: which part of the name is what, and how a split is cut."""

import numpy as np
import pytest

from adapt import data
from adapt.data import prepared

SETS = {"pets": ("train", "test"), "maps/old": ("train", "validation"), "odd": ("all",)}


@pytest.fixture(autouse=True)
def fake(monkeypatch):
  """Sets of 20 vectors a split, ten of each class; maps has configs."""

  def splits(name, data_dir=None):
    if name == "maps":
      raise ValueError("maps needs a config: choose from maps/old")
    if name not in SETS:
      raise ValueError(f"{name} is not prepared")
    return SETS[name]

  def arrays(name, split, data_dir=None):
    first = 100 * splits(name).index(split)
    return np.arange(first, first + 20, dtype=np.float32)[:, None], np.arange(20) % 2

  monkeypatch.setattr(prepared, "splits", splits)
  monkeypatch.setattr(prepared, "arrays", arrays)
  monkeypatch.setattr(prepared, "classes", lambda *_: ("cat", "dog"))


def test_whole_sets():
  domain = data.load("tfds:pets")
  assert (len(domain.train.x), len(domain.test.x), domain.test.x[0, 0]) == (20, 20, 100)
  assert data.load("tfds:maps/old").test.x[0, 0] == 100  # the validation split


@pytest.mark.parametrize(("name", "first"), [("pets/test", 100), ("maps/old/train", 0)])
def test_a_named_split_is_cut_by_class(name, first):
  domain = data.load(f"tfds:{name}")
  assert domain.name == f"tfds:{name}"
  assert (np.bincount(domain.train.y).tolist(), np.bincount(domain.test.y).tolist()) == (
    [8, 8],
    [2, 2],
  )
  rows = np.concatenate([domain.train.x, domain.test.x])[:, 0]
  assert sorted(rows.tolist()) == list(range(first, first + 20))
  assert data.load("tfds:odd/all").classes == ("cat", "dog")


@pytest.mark.parametrize(
  ("name", "message"),
  [
    ("odd", r"tfds:odd has no split 'train' \(it has all\): name one, tfds:odd/all"),
    ("pets/valid", r"tfds:pets has no split 'valid': choose from train, test"),
    ("maps/old/dev", r"tfds:maps/old has no split 'dev': choose from train, validation"),
    ("cifar10/test", r"^cifar10 is not prepared"),
    ("cifar10", r"^cifar10 is not prepared"),
    ("maps", r"maps needs a config"),
    ("maps/new", r"maps/new is not prepared"),
  ],
)
def test_refuses(name, message):
  with pytest.raises(ValueError, match=message):
    data.load(f"tfds:{name}")
