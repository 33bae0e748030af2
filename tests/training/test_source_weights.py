"""Weights that are kept: for what they are taken, and what becomes of a spoilt file."""

import numpy as np
import pytest
from spoilt import SPOILT

from adapt.catalogue import Bound
from adapt.data import kept_arrays
from adapt.training import live, source_weights

XS = np.arange(12, dtype=np.uint8).reshape(4, 3)
XT, YS = XS[:2] + 1, np.arange(4)


@pytest.fixture
def weigh(tmp_path, monkeypatch):
  """Weighs by a function that notes what it was given, and what the display says then."""
  monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
  monkeypatch.setattr(source_weights, "_LASTING", 0.0)
  calls = []

  def mine(xs, ys, xt, *, power=1.0):
    calls.append((xs, live.weighting()))
    return np.array([0.5, 1.5, 0.5, 1.5], np.float32) ** np.float32(power)

  def of(code="1", xs=XS, ys=YS, xt=XT, **given):
    made = source_weights.compute(Bound("mine", mine, given), code, xs, ys, xt)
    return made, len(calls)

  of.calls, of.folder = calls, tmp_path / kept_arrays.WEIGHTS
  return of


def test_the_same_examples_are_weighed_once(weigh):
  made, _ = weigh()
  again, calls = weigh()
  assert calls == 1
  np.testing.assert_array_equal(again, made)
  given, said = weigh.calls[0]
  np.testing.assert_allclose(given, XS / 255)  # pixels as the network sees them
  assert given.dtype == np.float32
  assert said == "weighting by mine" and live.weighting() == ""


@pytest.mark.parametrize(
  "other",
  [
    {"code": "2"},
    {"power": 2.0},
    {"xs": XS[::-1]},
    {"ys": YS[::-1]},
    {"xt": XT + 1},
    {"xt": XT.astype(np.float32)},
  ],
  ids=lambda v: next(iter(v)),
)
def test_other_inputs_code_or_settings_are_weighed_anew(weigh, other):
  weigh()
  assert weigh(**other)[1] == 2
  assert weigh()[1] == 2


@pytest.mark.holds("kept")
@pytest.mark.parametrize("way", SPOILT)
def test_a_spoilt_file_is_made_anew_with_a_line(weigh, capsys, way):
  weigh(power=2.0)
  [other] = weigh.folder.glob("*.npy")
  made, calls = weigh()
  [file] = {*weigh.folder.glob("*.npy")} - {other}
  SPOILT[way](file, other)
  again, more = weigh()
  assert more == calls + 1 and "is damaged" in capsys.readouterr().err
  np.testing.assert_array_equal(again, made)
  assert weigh()[1] == more


def test_what_is_quick_or_has_no_code_is_not_kept(weigh, monkeypatch):
  weigh(code=None)
  monkeypatch.setattr(source_weights, "_LASTING", 60.0)
  weigh()
  assert not weigh.folder.exists()


def test_no_home_folder_is_no_reason_to_refuse(weigh, monkeypatch):
  def refuse():
    raise ValueError("there is no home folder")

  monkeypatch.setattr(source_weights.builders, "default_data_dir", refuse)
  assert weigh()[1] == 1 and weigh()[1] == 2
