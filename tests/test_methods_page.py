"""The page of methods: every method with its proofs, and an error for one without."""

import importlib
import sys
from pathlib import Path

import pytest

from adapt import methods

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))
methods_page = importlib.import_module("methods_page")


def test_every_method_has_its_proofs():
  text = methods_page.page(ROOT)
  rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
  assert sorted(rows) == sorted(methods.names())
  assert f"{len(rows)} methods: baselines 5; adversarial 10;" in text
  assert "`test_dann.py::test_one_step_equals_the_step_by_hand`" in rows["dann"]
  assert "`test_relations.py::test_finds_planted_unknown_classes`" in rows["osbp"]
  assert all("| |" not in row and "|  |" not in row for row in rows.values())


def test_a_method_without_a_proof_is_an_error(monkeypatch):
  monkeypatch.setattr(methods_page, "proofs_of_gain", lambda root: {})
  with pytest.raises(ValueError, match="has no test of its gain"):
    methods_page.page(ROOT)
