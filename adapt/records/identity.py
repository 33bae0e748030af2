"""Identifies code versions: digests of the source behind a record."""

import ast
import functools
import hashlib
import importlib.util
import inspect
import site
import sys
import sysconfig
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
_DIGITS = 16


def digest(entry: Any) -> str | None:
  """Hashes an entry's code to 16 hexadecimal digits.

  The code of the file that defines it counts, and that of the user's own modules which that file
  imports; comments, docstrings and layout do not. What is defined in no file counts by its own source,
  or by its bytecode.

  Args:
    entry: a function, a class, or an object, which stands for its class.

  Returns:
    The digits; None for what has neither source nor bytecode.
  """
  return _digest(_owner(entry))


@functools.lru_cache(maxsize=512)  # of the code that was imported, not of a file edited since
def _digest(owner: Any) -> str | None:
  file = _file_of(owner)
  if file is not None:
    texts = [_normal(each.read_text("utf-8", errors="replace")) for each in _own_files(file)]
  else:
    texts = list(_loose(owner))
  if not texts:
    return None
  return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGITS]


def _owner(entry: Any) -> Any:
  """Returns the function or class that stands for an entry."""
  if isinstance(entry, functools.partial):
    return _owner(entry.func)
  return entry if inspect.isfunction(entry) or inspect.isclass(entry) else type(entry)


def versioned(entry: Any) -> bool:
  """Whether an entry's code is of a package with a version.

  That is this package or an installed one.
  """
  file = _file_of(_owner(entry))
  return file is not None and _installed(file)


def file_name(entry: Any) -> str:
  """Name of the file that defines an entry, for messages.

  It is the entry's own name where there is no file.
  """
  owner = _owner(entry)
  file = _file_of(owner)
  return owner.__name__ if file is None else file.name


def _file_of(owner: Any) -> Path | None:
  """Returns the file of the module defining a function or class."""
  module = sys.modules.get(owner.__module__)
  name = getattr(module, "__file__", None)
  if name is None or not Path(name).is_file():
    return None
  return Path(name).resolve()


def _normal(text: str) -> str:
  """Strips source of what does not run: comments, docstrings, layout."""
  try:
    tree = ast.parse(text)
  except SyntaxError:  # changed since it was imported
    return text
  kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
  for node in ast.walk(tree):
    if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
      node.body = node.body[1:] or [ast.Pass()]
  return ast.dump(tree)


def _own_files(file: Path) -> Iterator[Path]:
  """Yields the file and the user's files that it imports.

  Each comes once, those imported in the order of their names.
  """
  yield file
  if _installed(file):
    return  # the version of its package says the rest
  seen, waiting = {file}, [file]
  while waiting:
    for other in _imported(waiting.pop()):
      if other not in seen and not _installed(other):
        seen.add(other)
        waiting.append(other)
  yield from sorted(seen - {file})


def _imported(file: Path) -> Iterator[Path]:
  """Yields the files of modules that a file imports, where found."""
  try:
    tree = ast.parse(file.read_text("utf-8", errors="replace"))
  except (OSError, SyntaxError):
    return
  for node in ast.walk(tree):
    names = []
    if isinstance(node, ast.Import):
      names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
      names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    elif isinstance(node, ast.ImportFrom):
      names = [node.module or "", *(alias.name for alias in node.names)]
    for name in names:
      if found := _module_file(name, file.parent):
        yield found


def _module_file(name: str, beside: Path) -> Path | None:
  """Finds a module's file by name: imported, or lying beside."""
  module = sys.modules.get(name)
  place = getattr(module, "__file__", None)
  if place is None:
    near = beside.joinpath(*name.split(".")).with_suffix(".py") if name else None
    place = str(near) if near is not None and near.is_file() else None
  if place is None and name and name not in sys.modules and "." not in name:
    try:
      spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
      return None
    place = spec.origin if spec is not None and spec.has_location else None
  return Path(place).resolve() if place and place.endswith(".py") else None


def _installed(file: Path) -> bool:
  """Whether a file is this package's, Python's or an installed package's."""
  paths = sysconfig.get_paths()
  folders = [paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"]]
  folders += [*site.getsitepackages(), site.getusersitepackages(), str(_PACKAGE)]
  return any(file.is_relative_to(Path(folder).resolve()) for folder in folders)


def _loose(owner: Any) -> Iterator[str]:
  """Yields code that no file defines.

  That is its source, as notebooks keep it, or its bytecode.
  """
  try:
    yield _normal(inspect.cleandoc(inspect.getsource(owner)))
    return
  except (OSError, TypeError):
    pass
  functions = [owner] if inspect.isfunction(owner) else list(vars(owner).values())
  for function in functions:
    code = getattr(function, "__code__", None)
    if isinstance(code, types.CodeType):
      yield _bytecode(code)


def _bytecode(code: types.CodeType) -> str:
  parts = [_bytecode(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
  return code.co_code.hex() + repr(code.co_names) + "".join(parts)
