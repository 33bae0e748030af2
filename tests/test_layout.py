"""The shape of the code: rooms and what each may know, lengths, tests beside sources."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "adapt").rglob("*.py"))
# A file imports from rooms before its own and from its own; rooms of one line do not know each other.
ROOMS = (
  ("method",),
  ("catalogue", "compile_cache", "extras"),
  ("augment",),
  ("losses",),
  ("outputs",),
  ("models",),
  ("data",),
  ("evaluation",),
  ("methods", "weights", "tuning", "validators"),
  ("streams",),
  ("training",),
  ("records",),
  ("deploy",),
  ("experiments",),
  ("report",),
  ("shallow",),
  ("api",),
  ("cli",),
)
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}
FILES = [
  "__init__.py",
  "__main__.py",
  "method.py",
  "catalogue.py",
  "compile_cache.py",
  "extras.py",
  "py.typed",
]


def imports(text):
  """Modules that a file imports, also inside functions, and the names that it takes from packages."""
  for node in ast.walk(ast.parse(text)):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level:
      yield "." * node.level + (node.module or "")
    elif isinstance(node, ast.ImportFrom) and node.module:
      yield from (f"{node.module}.{alias.name}" for alias in node.names)


def broken(place, text):
  """What a file at `place` in the package imports that its room must not know."""
  room = Path(place).parts[0].removesuffix(".py")
  found = []
  for module in imports(text):
    package, *rest = module.split(".")
    if package == "adapt" and rest and rest[0] in FLOOR and room in FLOOR:
      other = rest[0]
      if FLOOR[other] > FLOOR[room] or (FLOOR[other] == FLOOR[room] and other != room):
        found.append(f"{place} knows {module}")
    if module.startswith(("flax.linen", "flax.nnx")) and room != "models":
      found.append(f"{place} knows {module}: networks belong to models/")
    if not package:
      found.append(f"{place} knows {module}: name the package, so that the room is seen")
    if package == "argparse" and room != "cli":
      found.append(f"{place} knows argparse: flags belong to cli/")
  return found


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_to_rooms_before(file):
  place = str(file.relative_to(ROOT / "adapt"))
  assert broken(place, file.read_text("utf-8")) == []


@pytest.mark.parametrize(
  ("place", "text"),
  [
    ("training/loop.py", "from adapt.records import record"),
    ("training/loop.py", "def f():\n  from adapt.experiments.suite import Suite"),
    ("losses/ops.py", "from adapt import models"),
    ("methods/dann.py", "from adapt.weights import kmm"),
    ("deploy/saved.py", "import adapt.cli.main"),
    ("training/program.py", "import flax.linen as nn"),
    ("experiments/grid.py", "import argparse"),
    ("method.py", "from adapt.losses import ops"),
    ("training/loop.py", "from ..records import record"),
  ],
)
def test_an_import_of_a_later_room_is_found(place, text):
  assert len(broken(place, text)) == 1


def test_only_what_everything_hangs_on_lies_outside_the_rooms():
  there = {p.name for p in (ROOT / "adapt").iterdir() if p.is_file()}
  assert there <= set(FILES)
  folders = {p.parent.name for p in (ROOT / "adapt").glob("*/__init__.py")}
  assert folders <= set(FLOOR), f"rooms that have no floor: {folders - set(FLOOR)}"


def test_every_room_says_what_it_is():
  for file in (ROOT / "adapt").glob("*/__init__.py"):
    doc = ast.get_docstring(ast.parse(file.read_text("utf-8")))
    assert doc, f"{file} has no docstring"


# Rooms whose files end their first line with a paper in brackets, which lists and pages read off it.
CITED = ("methods", "models", "shallow", "streams", "tuning", "validators", "weights")


def long_first_lines(text, most=12, cited=False):
  """First lines of public docstrings that have more words, without a file's paper if it is cited."""
  kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
  for node in ast.walk(ast.parse(text)):
    if isinstance(node, kinds) and not getattr(node, "name", "").startswith("_"):
      first, *_ = (ast.get_docstring(node) or "").split("\n")
      counted = first
      if cited and isinstance(node, ast.Module):
        counted = re.sub(r" \([^()]*\d{4}[^()]*\)\.$", "", first)
      if len(counted.split()) > most:
        yield first


def test_the_map_has_every_room_in_its_order():
  """docs/rooms.md: a newcomer finds the rooms, and what each may know, by this list."""
  rows = (
    (ROOT / "docs" / "rooms.md").read_text("utf-8").split("| :-- | :-- |\n")[1].split("\n\n")[0]
  )
  shown = [re.findall(r"`(\w+)/`", row.split("|")[1]) for row in rows.splitlines()]
  assert [tuple(names) for names in shown if names] == list(ROOMS[2:])


@pytest.mark.parametrize("room", sorted({*FLOOR, "__init__", "__main__"}))
def test_public_docstrings_begin_with_a_short_line(room):
  place = ROOT / "adapt" / room
  files = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
  assert files
  found = {f: [*long_first_lines(f.read_text("utf-8"), cited=room in CITED)] for f in files}
  assert not {str(f.relative_to(place.parent)): lines for f, lines in found.items() if lines}


def test_a_long_first_line_is_found():
  words = " ".join(["word"] * 13)
  assert [*long_first_lines(f'def f():\n  """{words}"""')] == [words]
  assert not [*long_first_lines(f'def _f():\n  """{words}"""')]
  paper = "(Ganin et al., 2016, arXiv:1505.07818)."
  twelve = words.removesuffix(" word")
  assert [*long_first_lines(f'"""{twelve} {paper}"""')]
  assert not [*long_first_lines(f'"""{twelve} {paper}"""', cited=True)]
  assert [*long_first_lines(f'"""{words} {paper}"""', cited=True)]
  assert [*long_first_lines(f'def f():\n  """{twelve} {paper}"""', cited=True)]


@pytest.mark.parametrize("folder", ["adapt", "benchmarks", "scripts"])
def test_files_and_functions_are_short(folder):
  for file in (ROOT / folder).rglob("*.py"):
    text = file.read_text("utf-8")
    assert text.count("\n") <= 300, file
    for node in ast.walk(ast.parse(text)):
      if isinstance(node, ast.FunctionDef):
        length = node.end_lineno - node.lineno + 1
        doc = node.body[0] if ast.get_docstring(node) else None
        words = doc.end_lineno - doc.lineno + 1 if doc else 0
        assert length - words <= 50, f"{file}: {node.name}"


def test_a_method_is_one_short_file():
  for file in (ROOT / "adapt" / "methods").glob("*.py"):
    assert file.read_text().count("\n") <= 120, file


# What is tested through something else, and where.
THROUGH = {
  "methods/_disagreement": "methods/test_mcd",
  "method": "methods/test_contract",
  "data/domain": "data/test_domains",
  "data/http_answers": "data/test_fetch",
  "data/named/digits": "data/test_domains",
  "data/array_names": "data/test_containers",
  "data/cells": "data/test_odd_files",
  "data/column_names": "data/test_encode",
  "data/delimited": "data/test_odd_files",
  "data/encode_tables": "data/test_encode",
  "data/sparse": "data/test_containers",
  "data/table_columns": "data/test_tabular",
  "data/table_names": "data/test_tabular",
  "data/raw": "data/test_tabular",
  "data/reading": "data/test_encode",
  "records/configuration": "experiments/test_plan",
  "records/json_kinds": "records/test_schema",
  "records/model_schema": "records/test_schema",
  "deploy/inputs": "deploy/test_saved",
  "deploy/limits": "deploy/test_saved",
  "experiments/grid": "training/test_joint_tasks",
  "experiments/ray_cluster": "faults/test_cluster",
  "experiments/reporter": "cli/test_command",
  "experiments/suite": "test_suites",
  "experiments/suites": "test_plugins",
  "data/table_labels": "data/test_value_labels",
  "outputs/_measure": "outputs/test_classes",
  "report/summary": "report/test_tables",
  "report/tsne": "report/test_figures",
  "training/arrays": "training/test_task_data",
  "training/backbone_features": "training/test_task_data",
  "training/folder_lock": "training/test_checkpoint",
  "training/history": "training/test_checkpoint",
  "training/loop": "experiments/test_run",
  "training/program": "experiments/test_run",
  "data/pixel_labels": "outputs/test_pixels",
  "evaluation/counting": "evaluation/test_pixel_measures",
  "models/unet_bn": "models/test_unet",
  "experiments/advice_text": "experiments/test_advice",
  "experiments/contract": "experiments/test_contract_runs",
  "experiments/choices": "experiments/test_resolve",
  "experiments/experiment": "experiments/test_resolve",
  "experiments/points": "experiments/test_resolve",
  "experiments/place": "experiments/test_unfinished",
  "shallow/bda": "shallow/test_transfer_components",
  "shallow/easytl": "shallow/test_adaptive",
  "shallow/feda": "shallow/test_labelled",
  "shallow/jda": "shallow/test_transfer_components",
  "shallow/jdot": "shallow/test_otda",
  "shallow/judging": "shallow/test_regressor",
  "shallow/jgsa": "shallow/test_transfer_components",
  "shallow/machines": "shallow/test_classifier",
  "shallow/maps": "shallow/test_contract",
  "shallow/meda": "shallow/test_adaptive",
  "shallow/pca": "shallow/test_transfer_components",
  "shallow/tjm": "shallow/test_transfer_components",
  "training/privacy": "training/test_dp_sgd",
  "streams/online": "streams/test_scan",
  "shallow/tradaboost": "shallow/test_labelled",
  "experiments/stacked_table": "test_advise_page",
  "training/network_check": "training/test_task_data",
  "training/settings": "experiments/test_resolve",
  "training/setup": "experiments/test_resolve",
  **{
    f"streams/methods/{name}": "streams/test_methods"
    for name in ("eata", "lame", "norm", "sar", "source", "t3a", "tent")
  },
  **{
    f"streams/methods/{name}": "streams/test_by_hand"
    for name in ("cotta", "deyo", "memo", "note", "rmt", "roid", "rotta")
  },
  "augment/blur": "augment/test_corruptions",
  **{
    f"models/{name}": "models/test_models"
    for name in (
      "cnn_ensembling",
      "cnn_mcd",
      "cnn_mnist",
      "cnn_vada",
      "dtn",
      "lenet",
      "lenet500",
      "linen",
      "mlp",
    )
  },
}


def test_every_source_has_its_test_in_the_room_of_its_name():
  for file in SOURCES:
    place = file.relative_to(ROOT / "adapt").with_suffix("")
    if place.name == "__init__" or place.parent.name == "builders":
      continue
    usual = place.parent / f"test_{place.name}"
    test = ROOT / "tests" / f"{THROUGH.get(str(place), usual)}.py"
    assert test.exists(), f"adapt/{place}.py has no test: {test.relative_to(ROOT)}"


def test_importing_adapt_is_light():
  heavy = "tensorflow_datasets grain wandb matplotlib sklearn scipy.stats flax.linen"
  code = (
    f"import sys, adapt; sys.exit(' '.join(m for m in '{heavy}'.split() if m in sys.modules) or 0)"
  )
  subprocess.run([sys.executable, "-c", code], check=True)


def test_names_of_tests_hold_nothing_gzipped(request):
  """Two workers must name a test alike, and gzip writes the time into the bytes that it makes."""
  assert not [item.nodeid for item in request.session.items if r"\x1f\x8b" in item.nodeid]
