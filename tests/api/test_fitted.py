"""What is asked of trained models: predictions, pictures, files."""

import sys
import types

import flax.linen as nn
import jax
import numpy as np
import pytest
import toy
from flax import nnx
from matplotlib.axes import Axes

import adapt

SOURCE = (toy.MOONS.train.x, toy.MOONS.train.y)
TARGET = toy.TURNED.train.x
TEST = (toy.TURNED.test.x, toy.TURNED.test.y)
OPTIONS = {"steps": 40, "width": 8, "depth": 1, "evaluations": 2, "batch_size": 32}


class Linen(nn.Module):
  classes: int

  @nn.compact
  def __call__(self, x):
    return nn.Dense(self.classes)(nn.relu(nn.Dense(16)(x)))


class Nnx(nnx.Module):
  def __init__(self, classes, *, rngs):
    self.hidden, self.last = nnx.Linear(2, 16, rngs=rngs), nnx.Linear(16, classes, rngs=rngs)

  def __call__(self, x):
    return self.last(nnx.relu(self.hidden(x)))


@pytest.fixture(scope="module", params=["mlp", Linen(2), Nnx], ids=["name", "linen", "nnx"])
def run(request):
  return request.param, adapt.fit(
    "dann", source=SOURCE, target=TARGET, test=TEST, model=request.param, seeds=2, **OPTIONS
  )


def test_predictions_go_with_probabilities_and_the_record(run):
  _, fitted = run
  probability = fitted.predict_proba(TEST[0])
  assert probability.shape == (400, 2)
  np.testing.assert_allclose(probability.sum(axis=1), 1, rtol=1e-5)
  np.testing.assert_array_equal(fitted.predict(TEST[0]), probability.argmax(axis=1))
  again = fitted.evaluate(*TEST)
  assert again.seeds == pytest.approx(fitted.accuracy.seeds)
  assert again.mean == pytest.approx(np.mean(again.seeds))
  assert again.std == pytest.approx(np.std(again.seeds, ddof=1))
  assert fitted.features(TEST[0]).shape[0] == 400
  told = fitted.expected
  assert 0 <= told.low <= told.value == pytest.approx(np.mean(fitted.record["expected"]["value"]))


def test_rows_of_a_data_set_are_predicted_and_judged_as_arrays_are(run):
  _, fitted = run
  assert fitted.evaluate(zip(*TEST, strict=True)) == fitted.evaluate(*TEST)  # which ends once read
  rows = list(zip(TEST[0], TEST[1].tolist(), strict=True))
  np.testing.assert_array_equal(fitted.predict(rows), fitted.predict(TEST[0]))
  with pytest.raises(ValueError, match="x has no labels: give y"):
    fitted.evaluate(TEST[0])


def test_seeds_differ_and_are_asked_for_by_number(run):
  _, fitted = run
  first, second = (fitted.predict_proba(TEST[0], seed) for seed in (0, 1))
  assert np.abs(first - second).max() > 1e-3
  with pytest.raises(ValueError, match="no model of seed 7: there are 0, 1"):
    fitted.predict(TEST[0], 7)


def test_a_saved_model_predicts_the_same(run, tmp_path):
  network, fitted = run
  file = fitted.save(tmp_path / "m.npz", seed=1)
  own = {} if isinstance(network, str) else {"model": network}
  loaded = adapt.load(file, **own)
  np.testing.assert_array_equal(loaded.predict_proba(TEST[0]), fitted.predict_proba(TEST[0], 1))
  assert loaded.accuracy is None
  if own:
    with pytest.raises(ValueError, match="no model"):
      adapt.load(file)


def test_an_exported_model_is_what_predicts(run, tmp_path):
  _, fitted = run
  signature = fitted.export(tmp_path / "m.stablehlo")
  assert signature["input"]["shape"] == ["n", 2] and (tmp_path / "m.json").exists()


DRAWN = ["curves", "tsne", "confusion", "reliability", "roc", "precision_recall"]


@pytest.mark.parametrize("kind", DRAWN)
def test_pictures_are_axes(run, kind):
  _, fitted = run
  axes = np.atleast_1d(fitted.plot(kind))
  assert len(axes) and all(isinstance(axis, Axes) for axis in axes)


def test_a_notebook_shows_a_picture(run, monkeypatch):
  shown = []
  display = types.SimpleNamespace(Image=bytes, display=shown.append)
  notebook = types.SimpleNamespace(get_ipython=object, display=display, version_info=(9, 0))
  monkeypatch.setitem(sys.modules, "IPython", notebook)
  monkeypatch.setitem(sys.modules, "IPython.display", display)
  run[1].plot("curves")
  [picture] = shown
  assert picture.startswith(b"\x89PNG")


def test_the_history_is_a_frame_with_a_row_a_seed_and_evaluation(run):
  _, fitted = run
  frame = fitted.to_frame()
  assert list(frame.step) == [20, 40, 20, 40] and list(frame.seed) == [0, 0, 1, 1]
  assert frame.loss.tolist()[:2] == fitted.history["loss"][0]


def test_wrong_inputs_are_one_line(run):
  _, fitted = run
  with pytest.raises(ValueError, match=r"x has 1 columns, and 2 are expected"):
    fitted.predict(TEST[0][:, :1])
  with pytest.raises(ValueError, match=r"x is 'a.csv', and files are predicted by the command"):
    fitted.predict("a.csv")
  with pytest.raises(ValueError, match="no picture 'pie': choose from curves"):
    fitted.plot("pie")
  with pytest.raises(
    ValueError, match="residuals is a picture of values, and the output is 2 classes"
  ):
    fitted.plot("residuals")


def test_without_a_test_set_there_is_no_accuracy():
  fitted = adapt.fit("source_only", source=SOURCE, target=TARGET, steps=8, evaluations=1)
  assert fitted.accuracy is fitted.selected is None and "no labelled test set" in repr(fitted)
  with pytest.raises(ValueError, match="confusion needs a labelled test set"):
    fitted.plot("confusion")
  assert jax.tree.leaves(fitted.features(TARGET))


def test_labels_of_no_class_are_refused(run):
  _, fitted = run
  with pytest.raises(ValueError, match=r"the label 'no' is none of the model's classes: 0, 1"):
    fitted.evaluate(toy.TURNED.test.x, np.where(toy.TURNED.test.y, "yes", "no"))
