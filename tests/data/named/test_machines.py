"""Bearings as spectra of windows."""

import numpy as np

from adapt.data import prepared
from adapt.data.named import machines


def test_windows_of_bearings(monkeypatch):
  tone = np.sin(2 * np.pi * 100 / 1024 * np.arange(2100))
  series = np.stack([tone, 5 * tone]).astype(np.float32)
  monkeypatch.setattr(prepared, "arrays", lambda *_: (series, np.array([0, 1])))
  found = machines.load("1797", None)
  assert found.train is found.test  # no split that a recording could lie on both sides of
  assert found.train.x.shape == (4, 512) and found.train.y.tolist() == [0, 0, 1, 1]
  assert found.train.x[0].argmax() == 99  # without the constant part
  np.testing.assert_allclose(found.train.x[0], found.train.x[2], atol=1e-4)
