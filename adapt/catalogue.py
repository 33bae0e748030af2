"""Finds what a folder offers: one public file, one entry of the same name. Nothing is registered by hand."""

import functools
import importlib
import importlib.util
import inspect
import math
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

OWN = "own"  # the family of an entry that declares none

_KINDS = (float, int, bool, str, type(None))  # of defaults
_WIDE = 30.0  # how far a search goes from a default, either way, as a factor
_extra: dict[str, list[Path]] = {}  # package -> folders of the user's own


@functools.cache
def entry_points(group: str) -> metadata.EntryPoints:
  """What installed packages offer; finding it reads the metadata of every one of them."""
  return metadata.entry_points(group=group)


def add_folder(package: str, folder: str) -> None:
  """Makes the files of a user's folder entries of the package; ValueError if there is none."""
  path = Path(folder).resolve()
  if not path.is_dir():
    raise ValueError(f"no folder '{folder}': give the folder that holds your method files")
  if path not in _extra.setdefault(package, []):
    _extra[package].append(path)


def names(package: str) -> tuple[str, ...]:
  """All entries, sorted: the package's files, added folders, installed entry points."""
  module = importlib.import_module(package)
  found = {m.name for m in pkgutil.iter_modules(module.__path__)}
  for folder in _extra.get(package, []):  # helpers may lie beside a user's methods
    found |= {f.stem for f in folder.glob("*.py") if f.is_file() and _defines(f)}
  found |= {e.name for e in entry_points(group=package)}
  return tuple(sorted(n for n in found if not n.startswith("_")))


def _defines(file: Path) -> bool:
  """Whether a file of the user's looks as if it had an entry; what else it is, importing it says."""
  return f"def {file.stem}(" in file.read_text("utf-8", errors="replace")


def get(package: str, name: str) -> Callable[..., Any]:
  """The function `name` of the file `name`; ValueError says what is missing."""
  kind = package.rsplit(".", 1)[-1]
  for entry in entry_points(group=package):
    if entry.name == name:
      return entry.load()
  for folder in _extra.get(package, []):
    if (folder / f"{name}.py").is_file():
      module = _load(package, folder / f"{name}.py")
      break
  else:
    if name not in names(package):
      known = ", ".join(names(package))
      raise ValueError(f"unknown entry '{name}' of {kind}: choose from {known}")
    module = importlib.import_module(f"{package}.{name}")
  if not callable(getattr(module, name, None)):
    raise ValueError(f"{module.__file__} must define a function '{name}'")
  return getattr(module, name)


def _load(package: str, file: Path) -> Any:
  key = f"{package}._from_folder.{file.stem}"
  if key not in sys.modules or sys.modules[key].__file__ != str(file):
    spec = importlib.util.spec_from_file_location(key, file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module  # before it runs, as `import` does: dataclasses look themselves up
    try:
      spec.loader.exec_module(module)
    except BaseException as error:
      del sys.modules[key]
      if not isinstance(error, Exception | SystemExit):
        raise
      raise ValueError(f"{file} cannot be imported ({type(error).__name__}: {error})") from error
  return sys.modules[key]


class Bound(NamedTuple):
  """An entry of a catalogue, resolved, with the arguments that a user has set."""

  name: str  # as records and labels show it
  factory: Callable[..., Any]
  given: Mapping[str, Any] = {}
  package: str = ""  # whose `bind` finds it by name; empty for a factory of one's own
  origin: Any = None  # what defines it, where that is not the factory

  @property
  def key(self) -> tuple[Any, ...]:
    """What tells it from others; hashable."""
    return self.factory, tuple(sorted(self.given.items()))

  @property
  def arguments(self) -> dict[str, Any]:
    """Every keyword argument: its default, or what was set."""
    return {**{p.name: p.default for p in parameters(self.factory)}, **self.given}

  def __reduce__(self) -> tuple[Any, ...]:
    """By name where it has one, so that another process takes its own and keeps its programs."""
    if self.package:
      return _rebound, (self.package, self.name, dict(self.given))
    return Bound, tuple(self)

  def __call__(self, *positional: Any, **more: Any) -> Any:
    """Calls the factory with the arguments that were set, and with others."""
    return self.factory(*positional, **{**self.given, **more})


def _rebound(package: str, name: str, given: Mapping[str, Any]) -> Bound:
  found: Bound = importlib.import_module(package).bind(name, **given)
  return found


def bound(
  name: str, factory: Callable[..., Any], given: Mapping[str, Any], package: str = ""
) -> Bound:
  """An entry with arguments of a user's; ValueError names one that it does not take."""
  known = {p.name for p in parameters(factory)}
  for argument in given:
    if argument not in known:
      takes = ", ".join(p.name for p in parameters(factory)) or "nothing"
      raise ValueError(f"{name} has no '{argument}': it takes {takes}")
  return Bound(name, factory, dict(given), package)


class Range(NamedTuple):
  """Where a search looks for a float: `threshold: Annotated[float, Range(0.5, 0.99)] = 0.9`."""

  low: float
  high: float
  scale: str = "linear"  # or "log": evenly in the logarithm


class Parameter(NamedTuple):
  """One keyword argument of an entry, as the command line shows it."""

  name: str
  default: Any
  kind: type
  meaning: str


def parameters(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
  """The keyword-only arguments of a factory, with meanings from its docstring's Args."""
  known = meanings(factory)
  for p in inspect.signature(factory).parameters.values():
    if p.kind is p.KEYWORD_ONLY and p.default is p.empty:
      raise ValueError(f"'{p.name}' of {factory.__name__} needs a default: its type is the flag's")
    if p.kind is p.KEYWORD_ONLY and type(p.default) not in _KINDS:
      raise ValueError(
        f"the default of '{p.name}' of {factory.__name__} is a {type(p.default).__name__}, which no "
        "flag can give: make it a float, int, bool or str, or None for a text"
      )
  return tuple(
    Parameter(p.name, p.default, type(p.default), known.get(p.name, ""))
    for p in inspect.signature(factory).parameters.values()
    if p.kind is p.KEYWORD_ONLY
  )


def ranges(factory: Callable[..., Any], defaults: Mapping[str, Any]) -> dict[str, Range]:
  """Where a search looks for each float argument: its annotation's Range, or 30-fold about its default.

  Args:
    factory: an entry.
    defaults: what its arguments are without a search; declared ranges are widened to hold them.

  Returns:
    Ranges by name, without those of a default of 0 or less where none is declared or in logarithm.

  Raises:
    ValueError: a declared range is none.
  """
  found = {}
  for p in inspect.signature(factory).parameters.values():
    if p.kind is p.KEYWORD_ONLY and isinstance(p.default, float):
      own = (m for m in getattr(p.annotation, "__metadata__", ()) if isinstance(m, Range))
      if where := _range(p.name, next(own, None), defaults[p.name]):
        found[p.name] = where
  return found


def _range(name: str, declared: Range | None, default: float) -> Range | None:
  if declared is None:
    return Range(default / _WIDE, default * _WIDE, "log") if default > 0 else None
  low, high, scale = declared
  known = scale == "linear" or (scale == "log" and low > 0)
  if not (known and math.isfinite(high - low) and low < high):
    raise ValueError(
      f"'{name}' declares {declared}: give low < high, and linear or log, whose low is above 0"
    )
  if scale == "log" and default <= 0:
    return None
  return Range(min(low, default), max(high, default), scale)


def meanings(documented: Any) -> dict[str, str]:
  """What a docstring's Args or Attributes say of each name."""
  import docstring_parser

  try:
    doc = docstring_parser.parse(inspect.getdoc(documented) or "")
  except Exception:  # whatever a parser makes of a text of the user's own
    return {}
  return {p.arg_name: " ".join((p.description or "").split()) for p in doc.params}


class Facts(NamedTuple):
  """What an entry's own file says of it."""

  paper: str  # at the end of the module docstring's first line, in brackets; "" if there is none
  family: str  # the module's constant FAMILY, by which lists are grouped


def facts(factory: Callable[..., Any]) -> Facts:
  """What the module of an entry declares. Lists and pages are made of these, never kept by hand."""
  module = inspect.getmodule(factory)
  first = (getattr(module, "__doc__", None) or "").split("\n", 1)[0]
  found = re.search(r"\(([^()]*\d{4}[^()]*)\)\.?$", first)
  return Facts(found[1] if found else "", getattr(module, "FAMILY", OWN))


def summary(factory: Callable[..., Any]) -> str:
  """The first line of the docstring."""
  return (inspect.getdoc(factory) or "").split("\n", 1)[0]
