"""Distances against loops, and the errors that kliep, ulsif and rulsif share."""

import importlib

import numpy as np
import pytest

from adapt.weights import _kernels, bind, form, get
from adapt.weights._content import by_content
from adapt.weights._kernels import choices, distances, median, squared


def test_distances_against_loops():
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(12, 3)), rng.normal(size=(9, 3)) + 1
  to = distances(xs, xt, 4, "kliep")
  pooled = np.concatenate([xs, xt])
  pairs = [((a - b) ** 2).sum() for i, a in enumerate(pooled) for b in pooled[:i]]
  ordered = xt[by_content(xt)]
  expected = [[((a - c) ** 2).sum() / np.median(pairs) for c in ordered[:4]] for a in xs]
  np.testing.assert_allclose(to.source, expected, rtol=1e-9)
  assert to.target.shape == (9, 4)
  np.testing.assert_allclose(np.diag(to.target[:4]), 0, atol=1e-12)  # the centres come first


def test_the_median_is_over_pairs_without_those_of_an_example_with_itself():
  assert median(np.array([[0.0], [1.0], [3.0]]), "kmm") == 4
  with pytest.raises(ValueError, match="so kmm finds no bandwidth: remove the duplicates"):
    median(np.ones((3, 2)), "kmm")


def test_blocks_are_joined():
  x = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
  d = squared(x, x[:2])
  np.testing.assert_allclose(d[4500, 1], ((x[4500] - x[1]) ** 2).sum(), rtol=1e-5)
  assert d.shape == (5000, 2) and d.dtype == np.float64


@pytest.mark.parametrize("name", ["kliep", "ulsif", "rulsif"])
def test_errors_name_the_remedy(name):
  weigh = get(name)
  x = np.random.default_rng(0).normal(size=(20, 2))
  with pytest.raises(ValueError, match="choose a positive one, or 0"):
    weigh(x, None, x, bandwidth=-1.0)
  with pytest.raises(ValueError, match="at least 1"):
    weigh(x, None, x, centres=0)
  with pytest.raises(ValueError, match="remove the duplicates"):
    weigh(np.ones((20, 2)), None, np.ones((20, 2)))
  with pytest.raises(ValueError, match="clean them"):
    weigh(np.full((20, 2), np.nan), None, x)
  with pytest.raises(ValueError, match=r"2 to 1|at least 2"):
    weigh(x, None, x[:1])


@pytest.mark.parametrize("name", ["kliep", "ulsif", "rulsif"])
def test_the_scale_of_inputs_plays_no_part(name):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(60, 2)), rng.normal(size=(50, 2)) + 0.5
  weights = [get(name)(c * xs, None, c * xt, bandwidth=0.5) for c in (1.0, 1000.0)]
  np.testing.assert_allclose(*weights, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["kliep", "nnw", "ulsif"])
def test_clip_binds(name):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(200, 2)), 0.2 * rng.normal(size=(100, 2)) + 1
  w = get(name)(xs, None, xt, clip=1.5)
  assert w.max() == pytest.approx(1.5)
  assert get(name)(xs, None, xt).max() > 3


@pytest.mark.parametrize("name", ["kliep", "ulsif", "rulsif"])
def test_sums_over_blocks_are_the_sums_over_all(name, monkeypatch):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(150, 2)), rng.normal(size=(130, 2)) + 0.5
  # kliep chooses its width on a part: it is given.
  whole = get(name)(xs, None, xt, centres=20, bandwidth=0.5)
  monkeypatch.setattr(_kernels, "WHOLE", 40)
  for file in "kliep", "rulsif":
    monkeypatch.setattr(importlib.import_module(f"adapt.weights.{file}"), "WHOLE", 40)
  parts = get(name)(xs, None, xt, centres=20, bandwidth=0.5)
  np.testing.assert_allclose(parts, whole, rtol=1e-4)
  chosen = get(name)(xs, None, xt, centres=20)
  assert chosen.mean() == pytest.approx(1, abs=1e-5)
  bound = bind(name)
  assert form(bound, 40, 40) == "exact" and "by blocks of 40" in form(bound, 41, 10)
  assert ("on 40 target" in form(bound, 10, 41)) == (name == "kliep")


def test_choices():
  assert choices("ridge", 0.0, (1.0, 2.0)) == (1.0, 2.0)
  assert choices("ridge", 0.3, (1.0, 2.0)) == (0.3,)
