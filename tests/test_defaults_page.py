"""The page of defaults has every kind of one's own data, and stands as it is generated."""

import importlib
import sys
from pathlib import Path

import pytest

from adapt.experiments import own_data

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "scripts"))
defaults_page = importlib.import_module("defaults_page")


def test_the_page_is_up_to_date():
  assert (ROOT / "results/defaults.md").read_text("utf-8") == defaults_page.page()


def test_a_kind_without_words_is_told(monkeypatch):
  monkeypatch.setitem(own_data.SETTINGS, "smells", own_data.SETTINGS["vectors"])
  with pytest.raises(ValueError, match="'smells'"):
    defaults_page.page()
