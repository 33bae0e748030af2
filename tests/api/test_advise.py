"""`adapt.advise` on arrays, and its line without scikit-learn."""

import importlib.util

import numpy as np
import pytest
import toy

import adapt


def test_arrays_get_the_same_advice_as_their_names():
  x, y = toy.MOONS.train
  found = adapt.advise({"near": (x[:200], y[:200]), "far": (x[:200] + 3, y[:200])}, x[200:])
  assert [s.name for s in found.sources] == ["near", "far"]
  assert found.target == "target" and found.pooled.name == "all sources"
  assert found.sources[1].shifted and not found.sources[0].shifted
  assert all(isinstance(line, str) for line in found.sentences) and len(found.sentences) <= 8


def test_reading_and_bad_input():
  x, y = toy.MOONS.train
  with pytest.raises(ValueError, match="labels"):
    adapt.advise(x, x)
  with pytest.raises(ValueError, match="shape"):
    adapt.advise((x, y), np.zeros((60, 5), np.float32), reading={"scale": "none"})


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
  find = importlib.util.find_spec
  monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "sklearn" else find(n))
  with pytest.raises(ImportError, match=r"adapt.advise needs scikit-learn: pip install .*weights"):
    adapt.advise((np.zeros((9, 2)), np.arange(9) % 2), np.zeros((9, 2)))
