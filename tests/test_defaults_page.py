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


def test_a_question_s_table_has_the_mean_of_seeds_and_sets():
  one = {
    "commit": "c" * 40,
    "device": "cpu",
    "accuracy": {"default": [1.0, 0.9], "250 steps": [0.5]},
  }
  other = {**one, "accuracy": {"default": [0.85], "250 steps": [0.7]}}
  page = defaults_page.rests_on("Steps", {"iris": one, "heart_va": other})
  assert "| iris | 95.0 | 50.0 |\n| heart va | 85.0 | 70.0 |\n| **mean** | 90.0 | 60.0 |" in page
  assert "Commit cccccccccc. Device: cpu." in page
  assert "Not measured yet" in defaults_page.rests_on("Steps", {})


def test_every_question_has_words():
  from benchmarks import defaults

  assert set(defaults.QUESTIONS) == set(defaults_page.QUESTIONS)
