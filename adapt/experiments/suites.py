"""Suites by name: a checkout's benchmarks, and files of one's own.

A file NAME.py in the folder `suites` of plug-ins, or in benchmarks/, defines SUITE = Suite(…).
"""

import importlib
import re
import sys
from pathlib import Path

from adapt import catalogue
from adapt.experiments.suite import Suite

_GROUP = "adapt.suites"
_BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"  # of a checkout; not installed


def names() -> tuple[str, ...]:
  """Every suite, sorted."""
  return tuple(sorted({*catalogue.names(_GROUP), *_benchmarks()}))


def _benchmarks() -> list[str]:
  """The files of a checkout that declare a suite whose methods are trained as they are."""
  text = {file.stem: file.read_text("utf-8") for file in _BENCHMARKS.glob("*.py")}
  trained = "cli.benchmark(SUITE)"  # amazon_msda's tasks have features that its file makes
  return [n for n, t in text.items() if re.search(r"^SUITE\b", t, re.M) and trained in t]


def get(name: str) -> Suite:
  """The suite of that name; ValueError lists the names otherwise."""
  if name in _benchmarks() and name not in catalogue.names(_GROUP):
    root = str(_BENCHMARKS.parent)
    if root not in sys.path:
      sys.path.append(root)
    found = importlib.import_module(f"benchmarks.{name}").SUITE
  else:
    found = catalogue.get(_GROUP, name, names())
  if not isinstance(found, Suite):
    raise ValueError(f"SUITE of '{name}' is a {type(found).__name__}: make it a Suite")
  return found
