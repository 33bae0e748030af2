"""Later inputs brought to a model, and predictions in the type of the labels."""

import warnings

import numpy as np
import pytest

from adapt.api import later
from adapt.api.fit import fit
from adapt.api.fitted import load

RNG = np.random.default_rng(0)
Y = np.arange(80) % 2
X = RNG.normal(size=(80, 3)).astype(np.float32) + 3 * Y[:, None]
SHORT = {"steps": 30, "evaluations": 1, "batch_size": 16, "lr": 0.1}


@pytest.mark.parametrize(
  "names", [[-1, 1], ["10", "2"], ["01", "02"], [1.0, 2.0], [False, True], ["2" * 25, "3" * 25]]
)
def test_predictions_are_as_the_labels_were_given(names, tmp_path):
  y = np.array(names)[Y]
  run = fit("source_only", source=(X, y), target=X, test=(X, y), **SHORT)
  for model in (run, load(run.save(tmp_path / "m.npz"))):
    found = model.predict(X)
    assert found.dtype.kind == y.dtype.kind
    assert (found == y).mean() == run.accuracy.mean > 0.9
    assert model.evaluate(X, y).mean == run.accuracy.mean


def test_texts_of_objects_are_texts_and_whole_floats_may_judge_integers():
  y = np.array(["10", "2"], object)[Y]
  run = fit("source_only", source=(X, y), target=X, **SHORT)
  assert (run.predict(X) == y).mean() > 0.9
  run = fit("source_only", source=(X, Y), target=X, **SHORT)
  assert run.evaluate(X, Y.astype(float)) == run.evaluate(X, Y)


def test_names_of_unknown_type_are_numbers_only_where_they_are_written_so():
  of = lambda *names: later.as_given({}, names, np.array([0, 1])).tolist()
  assert of("-1", "1") == [-1, 1] and of("01", "02") == ["01", "02"]
  assert of("1", "9" * 25) == ["1", "9" * 25]


def test_images_are_brought_to_the_size_of_training():
  x = RNG.integers(0, 120, (40, 32, 32, 1)).astype(np.uint8)
  x[Y[:40] == 1, 8:24] += 100
  y = Y[:40]
  run = fit("source_only", source=(x, y), target=x, test=(x, y), image_size=16, **SHORT)
  assert (run.predict(x) == y).mean() == run.accuracy.mean


def test_arrays_that_were_changed_in_place_are_read_anew():
  x = RNG.integers(0, 120, (40, 32, 32, 1)).astype(np.uint8)
  x[Y[:40] == 1, 8:24] += 100
  t, y = x.copy(), Y[:40]

  def trained(t):
    return fit("source_only", source=(x, y), target=t, test=(t, y), image_size=16, **SHORT)

  before = trained(t)
  t[:] = 255 - t
  after, fresh = trained(t), trained(t.copy())
  assert after.record["last"] == fresh.record["last"] != before.record["last"]
  assert after.record["config"]["data"] == fresh.record["config"]["data"]


def test_what_is_done_to_later_rows_is_warned_of():
  pd = pytest.importorskip("pandas")
  frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "ward": np.array(["n", "s"])[Y]})
  run = fit("source_only", source=(frame, Y), target=frame, **SHORT)
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    run.predict(frame)
  with pytest.warns(UserWarning, match="a"):
    run.predict(frame.assign(a=np.nan))
  with pytest.warns(UserWarning, match="ward"):
    run.predict(frame.assign(ward="elsewhere"))


def test_labels_of_recordings_do_not_judge_windows():
  x = RNG.normal(size=(30, 16, 2)).astype(np.float32)
  reading = {"kind": "series", "window": 4}
  run = fit("source_only", source=(x, Y[:30]), target=x, reading=reading, **SHORT)
  with pytest.warns(UserWarning, match="30 recordings of 16 samples cut into 210 windows"):
    assert len(run.predict(x)) == 210
  with (
    pytest.warns(UserWarning, match="windows"),
    pytest.raises(ValueError, match="210 predictions and has 30 labels"),
  ):
    run.evaluate(x, Y[:30])
