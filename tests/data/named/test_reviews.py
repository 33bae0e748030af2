"""Amazon reviews as domains of 400 frequencies, and as texts."""

import numpy as np
import pytest

from adapt.data import prepared
from adapt.data.named import reviews


def test_amazon400(monkeypatch):
  def arrays(name, split, data_dir=None):
    assert (name, split) == ("amazon_400/dvd", "train")
    return np.random.default_rng(0).dirichlet(np.ones(400), 8), np.arange(8) % 2

  monkeypatch.setattr(prepared, "arrays", arrays)
  domain = reviews.DOMAINS["amazon400_dvd"](None)
  assert domain.name == "amazon400_dvd"
  assert domain.classes == ("negative", "positive")
  assert domain.train.x is domain.test.x
  assert (domain.train.x.dtype, domain.train.y.dtype) == (np.float32, np.int32)
  np.testing.assert_allclose(domain.train.x.std(0, ddof=1), 1, rtol=1e-5)


def test_names():
  kinds = ("amazon", "amazon400")
  assert list(reviews.DOMAINS) == [f"{kind}_{of}" for kind in kinds for of in reviews.CATEGORIES]


def test_not_prepared(tmp_path):
  with pytest.raises(ValueError, match=r"amazon_400/books is not prepared in .* run .*amazon_400"):
    reviews.DOMAINS["amazon400_books"](tmp_path)
  with pytest.raises(
    ValueError, match=r"amazon_text/books is not prepared in .* run .*amazon_text"
  ):
    reviews.texts("books", tmp_path)
