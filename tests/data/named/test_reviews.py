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
  kinds = ("amazon_{}", "amazon_{}_held", "amazon400_{}")
  assert list(reviews.DOMAINS) == [kind.format(of) for kind in kinds for of in reviews.CATEGORIES]


def test_a_held_source_is_tested_on_the_end_of_its_training_reviews(monkeypatch):
  def arrays(name, split, data_dir=None):
    assert name == "amazon_reviews/dvd"
    x = np.arange(40.0).reshape(20, 2) + 100 * (split == "test")
    return x, np.arange(20) % 2

  monkeypatch.setattr(prepared, "arrays", arrays)
  held = reviews.DOMAINS["amazon_dvd_held"](None)
  whole = reviews.DOMAINS["amazon_dvd"](None).train
  assert held.name == "amazon_dvd_held" and len(held.train.x) == 18
  for i in range(2):
    together = np.concatenate([held.train[i], held.test[i]])
    np.testing.assert_array_equal(together, whole[i])


def test_not_prepared(tmp_path):
  with pytest.raises(ValueError, match=r"amazon_400/books is not prepared in .* run .*amazon_400"):
    reviews.DOMAINS["amazon400_books"](tmp_path)
  with pytest.raises(
    ValueError, match=r"amazon_text/books is not prepared in .* run .*amazon_text"
  ):
    reviews.texts("books", tmp_path)
