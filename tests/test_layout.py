"""The shape of the code: what may import what, how long files and functions are, tests beside sources."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "adapt").rglob("*.py"))
# Each layer imports from those before it only.
LAYERS = ["ops discrepancy method", "nets models tuning", "methods", "train", "program cell", "run"]


def imports(file):
  for node in ast.walk(ast.parse(file.read_text())):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
      yield node.module
      yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer_of(module):
  parts = module.split(".")
  if parts[0] != "adapt" or len(parts) < 2:
    return None
  return next((i for i, names in enumerate(LAYERS) if parts[1] in names.split()), None)


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_one_way(file):
  own = layer_of(".".join(file.relative_to(ROOT).with_suffix("").parts))
  for module in imports(file):
    if own is not None and layer_of(module) is not None:
      assert layer_of(module) <= own, f"{file} imports {module}"
    if module.startswith("flax.linen"):
      assert "models" in file.parts, f"{file}: linen belongs to models/"


def test_method_py_imports_nothing_of_ours():
  assert not [m for m in imports(ROOT / "adapt/method.py") if m.startswith("adapt")]


@pytest.mark.parametrize("folder", ["adapt", "benchmarks", "scripts"])
def test_files_and_functions_are_short(folder):
  for file in (ROOT / folder).rglob("*.py"):
    text = file.read_text()
    assert text.count("\n") <= 320, file
    for node in ast.walk(ast.parse(text)):
      if isinstance(node, ast.FunctionDef):
        assert node.end_lineno - node.lineno < 60, f"{file}: {node.name}"


def test_a_method_is_one_short_file():
  for file in (ROOT / "adapt" / "methods").glob("*.py"):
    assert file.read_text().count("\n") <= 120, file


def test_every_source_has_its_test():
  tests = {p.name for p in (ROOT / "tests").rglob("test_*.py")}
  # Tested through what they are part of.
  through = "__init__ domain linen critic lenet mlp dtn grid cell history program summary method"
  through = [*through.split(), "suite", "base", "embedding", "digits", "inputs"]
  for file in SOURCES:
    if file.parent.name == "builders" or file.stem in through:
      continue
    assert f"test_{file.stem}.py" in tests, f"{file.relative_to(ROOT)} has no test"


def test_importing_adapt_is_light():
  heavy = "tensorflow_datasets grain wandb matplotlib sklearn scipy.stats flax.linen"
  code = (
    f"import sys, adapt; sys.exit(' '.join(m for m in '{heavy}'.split() if m in sys.modules) or 0)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)


def test_names_of_tests_hold_nothing_gzipped(request):
  """Two workers must name a test alike, and gzip writes the time into the bytes that it makes."""
  assert not [item.nodeid for item in request.session.items if r"\x1f\x8b" in item.nodeid]
