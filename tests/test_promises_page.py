"""The page of promises: each with a test that is there, and an error for one that none holds."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))
promises_page = importlib.import_module("promises_page")


def test_every_promise_is_held():
  text = promises_page.page(ROOT)
  rows = [line for line in text.splitlines() if line.startswith("| ") and "`" in line]
  assert len(rows) == len(promises_page.PROMISES)
  assert "`faults/test_kill.py::test_killed_at_random_moments`" in text


def test_one_that_no_test_holds_is_an_error(tmp_path):
  (tmp_path / "tests").mkdir()
  with pytest.raises(ValueError, match="no test holds 'alone'"):
    promises_page.page(tmp_path)


def test_what_nobody_promised_is_an_error(tmp_path):
  (tmp_path / "tests").mkdir()
  marked = "@pytest.mark.holds('soup')\ndef test_soup(): pass\n"
  (tmp_path / "tests/test_soup.py").write_text(marked)
  with pytest.raises(ValueError, match="tests hold 'soup'"):
    promises_page.page(tmp_path)
