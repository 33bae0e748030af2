"""Finds a folder's entries: one public file, one entry of its name."""

import difflib
import functools
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

OWN = "own"  # the family of an entry that declares none


class Kind(NamedTuple):
  """What a file can add. Its entry points have the group adapt.KIND."""

  entry: str  # what one is called
  files: bool = True  # whether the files of the package adapt.KIND are entries too
  object: str = ""  # what an entry's file defines, if not a function of its name
  first: str = ""  # parameter by which the package's own entries differ from helpers


# By the name of a plug-in's sub-folder. Some rooms list entries of their own beside these.
KINDS = {
  "methods": Kind("method"),
  "weights": Kind("weighting"),
  "tuning": Kind("tuning"),
  "models": Kind("model", first="classes"),
  "validators": Kind("validator"),
  "outputs": Kind("output"),
  "optimizers": Kind("optimizer", files=False),
  "augment": Kind("augmentation", files=False),
  "data": Kind("domain", files=False),
  "suites": Kind("suite", files=False, object="SUITE"),
}

_KINDS = (float, int, bool, str, type(None))  # of defaults
_extra: dict[str, list[Path]] = {}  # package -> folders of the user's own


@functools.cache
def entry_points(group: str) -> metadata.EntryPoints:
  """What installed packages offer; reads the metadata of all of them."""
  return metadata.entry_points(group=group)


def plugins(folder: str | Path) -> None:
  """Registers the files of a user's folder as entries.

  Those in its sub-folders named as `KINDS` are of that kind. A file directly in it is a method.
  Files import helpers beside them, or in the folder itself, by name. Python packages, "tests" and
  what begins with "_" or "." are left alone. ValueError: no such folder, or a sub-folder of no kind.
  """
  path = Path(folder).resolve()
  if not path.is_dir():
    raise ValueError(f"no folder '{folder}': give the folder that holds your methods and the like")
  found = sorted(f for f in path.iterdir() if f.is_dir() and any(f.glob("*.py")))
  for sub in found:
    hidden = sub.name == "tests" or sub.name.startswith((".", "_"))
    package = (sub / "__init__.py").exists() and not meant(sub.name, KINDS)
    if sub.name not in KINDS and not (hidden or package):
      raise ValueError(unknown("sub-folder of plug-ins", sub.name, KINDS, f"rename {sub}, or "))
  add_folder("adapt.methods", path)
  for sub in found:
    if sub.name in KINDS:
      add_folder(f"adapt.{sub.name}", sub)


def add_folder(package: str, folder: str | Path) -> None:
  """Registers a user's folder of entries; ValueError if there is none."""
  path = Path(folder).resolve()
  if not path.is_dir():
    raise ValueError(f"no folder '{folder}': give the folder that holds your files")
  if path not in _extra.setdefault(package, []):
    _extra[package].append(path)
  if str(path) not in sys.path:
    sys.path.append(str(path))  # last: helpers hide nothing that is installed


def names(package: str) -> tuple[str, ...]:
  """All entries, sorted: the package's files, added folders, installed entry points."""
  folders = [*map(Path, _package(package)), *_extra.get(package, [])]
  found = {f.stem for folder in folders for f in folder.glob("*.py") if _entry(package, f)}
  found |= {e.name for e in entry_points(group=package)}
  return tuple(sorted(n for n in found if not n.startswith("_")))


def has(package: str, name: str, added: bool = False) -> bool:
  """Whether the package's files, or added folders', have that entry."""
  folders = _extra.get(package, []) if added else _package(package)
  public = name.isidentifier() and not name.startswith("_")
  return public and any(_entry(package, Path(f, f"{name}.py")) for f in folders)


def _package(package: str) -> list[str]:
  """The folders of a package whose files are entries, if it has such."""
  if not _kind(package).files:
    return []
  spec = importlib.util.find_spec(package)
  return list(spec.submodule_search_locations or ()) if spec else []


def _kind(package: str) -> Kind:
  return KINDS.get(package.removeprefix("adapt."), Kind(f"entry of {package}"))


def _entry(package: str, file: Path) -> bool:
  return file.is_file() and _defines(package, file, file.stat().st_mtime_ns)


@functools.lru_cache(4096)
def _defines(package: str, file: Path, changed: int) -> bool:
  text, kind = file.read_text("utf-8", errors="replace"), _kind(package)
  first = "" if file.parent in _extra.get(package, []) else kind.first
  entry = rf"(?m)^{kind.object}\b" if kind.object else rf"\bdef {file.stem}\(\s*{first}"
  return bool(re.search(entry, text))


def get(package: str, name: str, known: Iterable[str] = ()) -> Any:
  """Returns what a file defines: its entry, or a suite's SUITE.

  Args:
    package: of the entries, adapt.KIND.
    name: of the entry.
    known: names that the message lists for an unknown one, if others than `names`.

  Raises:
    ValueError: what is missing.
  """
  for entry in entry_points(group=package):
    if entry.name == name:
      return entry.load()
  wanted = _kind(package).object or name
  for folder in _extra.get(package, []):
    if (folder / f"{name}.py").is_file():
      module = _load(package, folder / f"{name}.py")
      break
  else:
    if not has(package, name):
      raise ValueError(unknown(_kind(package).entry, name, known or names(package)))
    module = importlib.import_module(f"{package}.{name}")
  found = getattr(module, wanted, None)
  if found is None or (wanted == name and not callable(found)):
    what = f"a function '{name}'" if wanted == name else wanted
    raise ValueError(f"{module.__file__} must define {what}")
  return found


def unknown(what: str, name: str, known: Iterable[str], remedy: str = "") -> str:
  """The message for an unknown name, with the nearest known names."""
  shown = ", ".join(every := tuple(known)) or "nothing: there is none"
  return f"unknown {what} '{name}'{meant(name, every)}: {remedy}choose from {shown}"


def meant(name: str, known: Iterable[str]) -> str:
  """ " (did you mean A or B?)" of near names, else ""."""
  near = " or ".join(difflib.get_close_matches(name, list(known)))
  return f" (did you mean {near}?)" if near else ""


def _load(package: str, file: Path) -> Any:
  key = f"_from_folder.{package}.{file.stem}"  # does not pass for a module of the package
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
  """An entry of a catalogue with the arguments that a user set."""

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

  def __repr__(self) -> str:  # the same in every process
    return f"{self.name}({', '.join(f'{n}={v!r}' for n, v in self.given.items())})"

  def __reduce__(self) -> tuple[Any, ...]:
    """By name where it has one, so that another process takes its own and keeps its programs."""
    if self.package:
      return _rebound, (self.package, self.name, dict(self.given))
    return Bound, tuple(self)

  def __call__(self, *positional: Any, **more: Any) -> Any:
    return self.factory(*positional, **{**self.given, **more})


def _rebound(package: str, name: str, given: Mapping[str, Any]) -> Bound:
  return importlib.import_module(package).bind(name, **given)


def bound(
  name: str, factory: Callable[..., Any], given: Mapping[str, Any], package: str = ""
) -> Bound:
  """An entry with a user's arguments; ValueError for an unknown argument."""
  if inspect.ismodule(factory):  # as `from adapt.methods import dann` gives it
    name, factory = (own := factory.__name__.rpartition(".")[2]), getattr(factory, own)
  known = [p.name for p in parameters(factory)]
  if wrong := [argument for argument in given if argument not in known]:
    raise ValueError(f"{name} has no '{wrong[0]}': it takes {', '.join(known) or 'nothing'}")
  return Bound(name, factory, dict(given), package)


class Range(NamedTuple):
  """Search range of a float: `threshold: Annotated[float, Range(0.5, 0.99)] = 0.9`."""

  low: float
  high: float
  scale: str = "linear"  # or "log": evenly in the logarithm


class Parameter(NamedTuple):
  """One keyword argument of an entry, as the command line shows it."""

  name: str
  default: Any
  kind: type
  meaning: str


@functools.lru_cache(1024)  # parsing docstrings takes most of listing entries
def parameters(factory: Callable[..., Any]) -> tuple[Parameter, ...]:
  """The keyword-only arguments of a factory, with meanings from its docstring's Args."""
  known, found = meanings(factory), []
  every = inspect.signature(factory).parameters.values()
  for p in (p for p in every if p.kind is p.KEYWORD_ONLY):
    if p.default is p.empty:
      raise ValueError(f"'{p.name}' of {factory.__name__} needs a default: its type is the flag's")
    if type(p.default) not in _KINDS:
      raise ValueError(
        f"the default of '{p.name}' of {factory.__name__} is a {type(p.default).__name__}, which no "
        "flag can give: make it a float, int, bool or str, or None for a text"
      )
    found.append(Parameter(p.name, p.default, type(p.default), known.get(p.name, "")))
  return tuple(found)


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
  """What an entry's module declares: the source of all lists and pages."""
  module = inspect.getmodule(factory)
  first = (getattr(module, "__doc__", None) or "").split("\n", 1)[0]
  found = re.search(r"\(([^()]*\d{4}[^()]*)\)\.?$", first)
  return Facts(found[1] if found else "", getattr(module, "FAMILY", OWN))


def summary(factory: Callable[..., Any]) -> str:
  """The first line of the docstring."""
  return (inspect.getdoc(factory) or "").split("\n", 1)[0]


def source(package: str, name: str) -> Path | None:
  """An entry's file, without importing it; None for installed plug-ins."""
  if any(entry.name == name for entry in entry_points(group=package)):
    return None
  folders = [*_extra.get(package, []), *map(Path, _package(package))]
  return next((f / f"{name}.py" for f in folders if (f / f"{name}.py").is_file()), None)
