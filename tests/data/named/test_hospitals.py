"""Hospitals as tables, encoded by a pair's source, and with planted priors."""

import numpy as np
import pytest

from adapt import data
from adapt.data import encode, prepared
from adapt.data.named import hospitals


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
