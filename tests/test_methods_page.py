"""The page of methods: every method with its proofs, and an error for one without."""

import importlib
import sys
from pathlib import Path

import pytest

from adapt import methods
from adapt.cli import overview

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))
entry_lists = importlib.import_module("entry_lists")
methods_page = importlib.import_module("methods_page")


def test_every_method_has_its_proofs():
  text = methods_page.page(ROOT)
  rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
  assert sorted(rows) == sorted(methods.names())
  count = {f: [overview.family(n) for n in rows].count(f) for f in overview.FAMILIES}
  assert (
    f"{len(rows)} methods: baselines {count['baselines']}; adversarial {count['adversarial']};"
    in text
  )
  assert "`test_dann.py::test_one_step_equals_the_step_by_hand`" in rows["dann"]
  assert "`test_relations.py::test_finds_planted_unknown_classes`" in rows["osbp"]
  assert all("| |" not in row and "|  |" not in row for row in rows.values())


def test_a_method_without_a_proof_is_an_error(monkeypatch):
  monkeypatch.setattr(methods_page, "proofs_of_gain", lambda root: {})
  with pytest.raises(ValueError, match="has no test of its gain"):
    methods_page.page(ROOT)


def test_the_committed_page_says_of_its_methods_what_their_files_do():
  """Of those alone: a new method is one file and its test, and joins when make_tables.py is run."""
  text = (ROOT / "results" / "methods.md").read_text("utf-8")
  listed = entry_lists.listed(text)
  assert "dann" in listed
  assert methods_page.page(ROOT, listed) == text


def test_a_page_of_some_methods_counts_those():
  text = methods_page.page(ROOT, ["dann", "no_method"])
  assert "\n1 methods: adversarial 1.\n" in text and entry_lists.listed(text) == ["dann"]
