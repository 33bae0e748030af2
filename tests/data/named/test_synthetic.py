"""Synthetic digits as a domain."""

import numpy as np
import pytest

from adapt.data import prepared
from adapt.data.named import synthetic


def test_syn_digits(monkeypatch):
  def arrays(name, split, data_dir=None):
    n = {"train": 4, "test": 3}[split]
    return np.full((n, 32, 32, 3), 200, np.uint8), np.arange(n)

  monkeypatch.setattr(prepared, "arrays", arrays)
  domain = synthetic.DOMAINS["syn_digits"](None)
  assert domain.name == "syn_digits"
  assert domain.classes == tuple("0123456789")
  assert (domain.train.x.shape, domain.train.x.dtype) == ((4, 32, 32, 3), np.uint8)
  assert (domain.test.y.dtype, domain.test.y.tolist()) == (np.int32, [0, 1, 2])


def test_not_prepared(tmp_path):
  with pytest.raises(ValueError, match=r"syn_digits is not prepared in .* run .*syn_digits"):
    synthetic.syn_digits(tmp_path)
