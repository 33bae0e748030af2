"""Traffic signs as domains: both speak of the same classes; the synthetic ones get a fixed split."""

import numpy as np
import pytest

from adapt.data import check_pair, prepared
from adapt.data.named import signs


@pytest.fixture
def fake(monkeypatch):
  """430 images a split, ten of each class in turn; the first pixel has the image's number."""

  def arrays(name, split, data_dir=None):
    assert (name, split) in (("gtsrb", "train"), ("gtsrb", "test"), ("syn_signs", "train"))
    x = np.zeros((430, 40, 40, 3), np.uint8)
    x[:, 0, 0, 0], x[:, 0, 0, 1] = np.divmod(np.arange(430), 256)
    return x, np.arange(430) % 43

  monkeypatch.setattr(prepared, "arrays", arrays)


def numbers(x):
  return x[:, 0, 0, 0].astype(int) * 256 + x[:, 0, 0, 1]


def test_gtsrb(fake):
  domain = signs.DOMAINS["gtsrb"](None)
  assert domain.train.x.shape == domain.test.x.shape == (430, 40, 40, 3)
  assert domain.train.y.dtype == np.int32
  assert len(domain.classes) == 43


def test_syn_signs(fake):
  domain = signs.DOMAINS["syn_signs"](None)
  assert (len(domain.train.x), len(domain.test.x)) == (387, 43)
  assert np.bincount(domain.test.y).tolist() == [1] * 43
  rows = np.concatenate([numbers(split.x) for split in (domain.train, domain.test)])
  assert sorted(rows) == list(range(430))
  for split in (domain.train, domain.test):
    np.testing.assert_array_equal(numbers(split.x) % 43, split.y)
  again = signs.DOMAINS["syn_signs"](None)
  np.testing.assert_array_equal(again.test.x, domain.test.x)
  check_pair([domain], signs.DOMAINS["gtsrb"](None), 8)


def test_not_prepared(tmp_path):
  for name in signs.DOMAINS:
    with pytest.raises(ValueError, match=rf"{name} is not prepared in .* run .*{name}"):
      signs.DOMAINS[name](tmp_path)
