"""Builders of features and reviews on the real files, where these are at hand."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from adapt.data import builders, prepared
from adapt.data.builders import amazon_400, amazon_text, office_caltech10_features
from adapt.data.named import reviews

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def quiet():
  builders.import_tfds().disable_progress_bar()


@pytest.fixture(scope="module")
def real():
  folder = Path(os.environ.get("ADAPT_REAL_DATA", ROOT.parent / "shared" / "data"))
  if not folder.is_dir():
    pytest.skip("no folder with the real data ($ADAPT_REAL_DATA)")
  return folder


def test_real_files_have_the_checksums(real):
  sums = dict(line.split()[::-1] for line in (real / "SHA256SUMS").read_text().splitlines())
  for name, digest in office_caltech10_features.SHA256.items():
    assert sums[f"office_caltech10/surf/{name}.mat"] == digest
  for name, digest in amazon_400.SHA256.items():
    assert sums[f"amazon/top400/{amazon_400.MATS[name]}"] == digest
  for (name, sentiment), digest in amazon_text.SHA256.items():
    assert sums[f"amazon/raw/{name}/{sentiment}.review"] == digest


def test_real_features(real, tmp_path):
  counts = builders.prepare("office_caltech10_surf", real, tmp_path)
  assert [of["train"] for of in counts.values()] == [958, 1123, 157, 295]
  counts = builders.prepare("amazon_400", real, tmp_path)
  assert [of["train"] for of in counts.values()] == [2000, 1999, 1998, 1999]
  for name, path, first in (
    ("office_caltech10_surf/dslr", "office_caltech10/surf/dslr.mat", 1),
    ("amazon_400/electronics", "amazon/top400/elec_400.mat", 0),
  ):
    source = loadmat(real / path)
    x, y = prepared.arrays(name, "train", tmp_path)
    np.testing.assert_array_equal(x, source["fts"])
    np.testing.assert_array_equal(y, source["labels"].ravel() - first)


def test_real_texts(real, tmp_path):
  builders.prepare("amazon_text", real, tmp_path)
  found = {}
  for category in amazon_text.SIZES:
    texts, y = reviews.texts(category, tmp_path)
    assert len(texts) == len(set(texts)) == len(y)
    assert min(map(len, texts)) > 5 and not any("<review" in text for text in texts)
    found[category] = np.bincount(y).tolist()
  assert found == {
    "books": [963, 993],
    "dvd": [959, 995],
    "electronics": [979, 987],
    "kitchen": [981, 996],
  }
