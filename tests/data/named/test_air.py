"""Stations as tables of hours."""

import numpy as np

from adapt.data import prepared
from adapt.data.named import air


def test_hours_without_a_label_are_left_out_and_pm10_is_no_input(monkeypatch):
  y = np.where(np.arange(60) % 3, np.arange(60), np.nan).astype(np.float32)
  x = np.tile(np.arange(60, dtype=np.float32)[:, None], (1, 10))
  monkeypatch.setattr(prepared, "arrays", lambda *_: (x, y))
  monkeypatch.setattr(air, "HOURS", {"train": 20, "test": 10})
  found = air.station("dingling", None)
  assert found.train.y.shape == (20, 1) and np.isfinite(found.train.y).all()
  assert "PM10" not in found.train.x.names and len(found.train.x.columns) == 9
  np.testing.assert_array_equal(found.train.x.columns[0].values, found.train.y[:, 0])
