"""Reads constants from test files: what an entry's own test declares about the entry."""

import ast
import functools
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def declared(kind: str, name: str, constant: str, default: Any = None) -> Any:
  """The value of a module constant in an entry's test file.

  The file is parsed, not imported: tests import what they test.

  Args:
    kind: folder of tests, as "methods".
    name: of the entry; its test file is `tests/KIND/test_NAME.py`.
    constant: what to read.
    default: the value where the file or the constant does not exist.

  Raises:
    ValueError: the constant is no literal.
  """
  file = HERE / kind / f"test_{name}.py"
  constants = _constants(file) if file.exists() else {}
  if constant not in constants:
    return default
  try:
    return ast.literal_eval(constants[constant])
  except ValueError as error:
    raise ValueError(
      f"{file}: {constant} must be a literal, as it is read without import"
    ) from error


@functools.cache
def _constants(file: Path) -> dict[str, ast.expr]:
  """What a file assigns to names at its top level."""
  nodes = (n for n in ast.parse(file.read_text("utf-8")).body if isinstance(n, ast.Assign))
  return {ast.unparse(node.targets[0]): node.value for node in nodes}
