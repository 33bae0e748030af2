"""Starts the command `adapt`, if what Python imports under that name is this distribution's.

The entry point lies outside the package, since an `adapt` of another distribution may be found first.
"""

import importlib.util
import sys
from pathlib import Path
from typing import Any, NoReturn

_OWN = Path(__file__).resolve().parent / "adapt"


def entry() -> NoReturn:
  """Entry point of the console script; exit code 2 where another distribution is in the way."""
  if line := replaced():
    print(f"error: {line}", file=sys.stderr)
    sys.exit(2)
  from adapt.cli import commands

  commands.entry()


def replaced() -> str:
  """Return a line if another package `adapt` is found, or has replaced this one's first file."""
  extras = _extras()
  spec = importlib.util.find_spec("adapt")
  found = Path(spec.origin).parent if spec and spec.origin else None
  line = extras.clash()
  if found and (found / "cli/commands.py").is_file() and not (line and extras.overwritten()):
    return ""
  return line or f"adapt is imported from {found}, not from {_OWN}: see python -c 'import adapt'"


def _extras() -> Any:
  """The module `adapt.extras` without the package's `__init__`, which may be the other one's."""
  spec = importlib.util.spec_from_file_location("adapt_jax_extras", _OWN / "extras.py")
  assert spec and spec.loader
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module
