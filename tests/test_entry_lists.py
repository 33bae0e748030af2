"""The lists of docs/: made from the entries' own files; a contribution is one file and its test."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import documents
import pytest

from adapt import methods, tuning, validators, weights
from adapt.outputs import classes

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "scripts"))
entry_lists = importlib.import_module("entry_lists")
KINDS = {
  "methods": methods.names(),
  "weights": weights.names(),
  "tuning": tuning.names(),
  "validators": validators.names(),
  "losses": classes.LOSSES,
  "counting": ("defer", "resample"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_each_list(kind):
  assert sum(t.count(f"<!-- list:{kind} -->") for t in documents.TEXTS.values()) == 1


def test_pages_say_of_their_entries_what_their_files_do():
  """Of those alone: a new entry is one file and its test, and joins when make_tables.py is run."""
  for text in documents.TEXTS.values():
    assert entry_lists.filled(text, add=False) == text


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_has_every_entry_once(kind):
  assert sorted(entry_lists.listed(entry_lists.table(kind))) == sorted(KINDS[kind])


def test_rows_are_grouped_and_say_what_the_files_say():
  lines = entry_lists.table("methods").splitlines()
  row = next(line for line in lines if line.startswith("| `dann` |"))
  assert row == (
    "| `dann` | Trains features that a domain critic cannot tell apart. | unlabelled target "
    "| Ganin et al., 2016, arXiv:1505.07818 |"
  )
  groups = [line for line in lines[: lines.index(row)] if line.startswith("| **")]
  assert groups[-1] == "| **adversarial** | | | |"
  assert "| **label shift** | | |" in entry_lists.table("weights")


def test_losses_have_their_formula_flags_and_paper():
  rows = {line.split("`")[1]: line for line in entry_lists.table("losses").splitlines()[2:]}
  assert "| `--gamma` 2.0 | Lin et al., 2017, arXiv:1708.02002 |" in rows["focal"]
  assert "`--margin` 0.5, `--scale` 1.0" in rows["ldam"] and "–" in rows["balanced_softmax"]
  assert "Cao et al., 2019" in entry_lists.table("counting")


def test_a_check_adds_nothing_and_drops_what_is_gone():
  block = "a\n<!-- list:methods -->\n\n| `dann` | old |\n| `gone` | old |\n\n<!-- /list -->\nz\n"
  checked = entry_lists.filled(block, add=False)
  assert entry_lists.listed(checked) == ["dann"] and "old" not in checked
  assert sorted(entry_lists.listed(entry_lists.filled(block))) == sorted(methods.names())
  unlisted = entry_lists.unlisted(block)
  assert "methods cdan" in unlisted and "methods dann" not in unlisted


def test_an_unknown_list_is_an_error():
  with pytest.raises(ValueError, match="no list of cakes: choose from methods"):
    entry_lists.filled("<!-- list:cakes -->\n<!-- /list -->")


STEP = '''"""min_entropy's step."""

{declared}

def test_one_step_equals_the_step_by_hand():
  assert GOLDEN["loss"] > 0
'''
CHECKS = (
  *("tests/test_layout.py", "tests/test_methods_page.py", "tests/test_entry_lists.py"),
  *("tests/test_golden.py", "tests/cli/test_overview.py", "tests/cli/test_listing.py"),
  *("tests/methods/test_contract.py", "tests/methods/test_min_entropy.py"),
  "tests/training/test_devices.py::test_layouts_agree",
)


def test_a_method_is_one_file_and_its_test(tmp_path):
  """The example of docs/, copied into a copy of the tree: every check that knows of all methods."""
  ignore = shutil.ignore_patterns("__pycache__")
  for folder in ("adapt", "benchmarks", "docs", "scripts", "tests", "results/methods"):
    shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignore)
  for file in ("README.md", "setup.cfg", "results/methods.md"):
    shutil.copy(ROOT / file, tmp_path / file)
  (tmp_path / "adapt/methods/min_entropy.py").write_text(documents.code("own method"), "utf-8")
  test = STEP.format(declared=documents.code("own test"))
  (tmp_path / "tests/methods/test_min_entropy.py").write_text(test, "utf-8")
  # Tests of other methods by name say nothing of this one.
  mine = "min_entropy or not test_layouts_agree and not test_contract and not a_family_and_a_paper"
  command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs", *CHECKS]
  ran = subprocess.run(
    [*command, "-k", f"({mine}) and not one_file_and_its_test"],
    cwd=tmp_path,
    env={**os.environ, "PYTHONPATH": str(tmp_path)},
    capture_output=True,
    text=True,
  )
  assert ran.returncode == 0, ran.stdout + ran.stderr
  assert "skipped" not in ran.stdout, ran.stdout
