"""Fixtures of the command line's tests."""

import numpy as np
import pytest
import toy

from adapt import catalogue


@pytest.fixture(autouse=True)
def no_folder_stays(monkeypatch):
  """A --methods-path lasts as long as a process; here, as long as a test."""
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})


@pytest.fixture
def pair(tmp_path):
  """Paths of two .npz files, moons and turned moons."""
  paths = []
  for d in (toy.MOONS, toy.TURNED):
    paths.append(tmp_path / f"{d.name}.npz")
    train, test = d.train, d.test
    np.savez(paths[-1], x=train.x, y=train.y, x_test=test.x, y_test=test.y)
  return [str(p) for p in paths]
