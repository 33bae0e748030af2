"""Hospitals, air, speech and bearings as domains."""

import numpy as np
import pytest

from adapt import data
from adapt.data import encode, prepared
from adapt.data.named import air, hospitals, machines, speech


@pytest.fixture
def patients(monkeypatch):
  """40 patients, of whom `age` is the row; the second hospital's are 100 years older."""

  def arrays(name, split, data_dir):
    rng = np.random.default_rng(0)
    x = rng.integers(1, 4, (40, 13)).astype(np.float32)
    x[:, 0] = np.arange(40) + 100 * name.endswith("va")
    x[5, 4] = np.nan
    return x, np.arange(40) % 2

  monkeypatch.setattr(prepared, "arrays", arrays)


def test_a_pair_is_encoded_by_its_source(patients):
  alone = [data.load(f"heart_{name}") for name in ("cleveland", "va")]
  source, target = encode.beside(alone)
  assert source.features == target.features and "cp=1" in source.features
  age = source.features.index("age")
  assert abs(source.train.x[:, age].mean()) < 1e-5
  apart = target.train.x[:, age].mean() - source.train.x[:, age].mean()
  assert apart == pytest.approx(100 / np.arange(40).std(), rel=0.1)
  assert abs(alone[1].train.x[:, alone[1].features.index("age")].mean()) < 1e-5
  assert encode.beside([alone[0], alone[1]._replace(tables=None)])[0] is alone[0]


def test_several_that_are_loaded_together_are_encoded_for_good(patients):
  assert all(d.tables is None for d in data.load_together(["heart_cleveland", "heart_va"]))


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_planted_priors_are_of_different_patients(patients, percent):
  source, target = (hospitals.shifted("cleveland", s, percent, None) for s in ("source", "target"))
  for domain in (source, target):
    assert domain.train.y.mean() == pytest.approx(percent / 100, abs=0.06)
  ages = [set(d.train.x.columns[0].values) for d in (source, target)]
  assert not ages[0] & ages[1]


def test_hours_without_a_label_are_left_out_and_pm10_is_no_input(monkeypatch):
  y = np.where(np.arange(60) % 3, np.arange(60), np.nan).astype(np.float32)
  x = np.tile(np.arange(60, dtype=np.float32)[:, None], (1, 10))
  monkeypatch.setattr(prepared, "arrays", lambda *_: (x, y))
  monkeypatch.setattr(air, "HOURS", {"train": 20, "test": 10})
  found = air.station("dingling", None)
  assert found.train.y.shape == (20, 1) and np.isfinite(found.train.y).all()
  assert "PM10" not in found.train.x.names and len(found.train.x.columns) == 9
  np.testing.assert_array_equal(found.train.x.columns[0].values, found.train.y[:, 0])


def test_recordings_have_no_gain():
  x = np.random.default_rng(0).normal(3, 2, (4, 32, 40)).astype(np.float32)
  found = speech.standardised(x)
  np.testing.assert_allclose(found.mean((1, 2)), 0, atol=1e-5)
  np.testing.assert_allclose(found.std((1, 2)), 1, rtol=1e-4)


def test_windows_of_bearings(monkeypatch):
  tone = np.sin(2 * np.pi * 100 / 1024 * np.arange(2100))
  series = np.stack([tone, 5 * tone]).astype(np.float32)
  monkeypatch.setattr(prepared, "arrays", lambda *_: (series, np.array([0, 1])))
  found = machines.load("1797", None)
  assert found.train is found.test  # no split that a recording could lie on both sides of
  assert found.train.x.shape == (4, 512) and found.train.y.tolist() == [0, 0, 1, 1]
  assert found.train.x[0].argmax() == 99  # without the constant part
  np.testing.assert_allclose(found.train.x[0], found.train.x[2], atol=1e-4)
