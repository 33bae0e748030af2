"""Kinds of catalogue entries, and their own documentation.

The documentation is what each entry's own file says.

Files are read and not imported: a list needs neither jax nor what an entry needs.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from adapt import catalogue
from adapt.catalogue import OWN

# The order in which lists show the families of methods. A method's file says to which one it belongs.
FAMILIES = (
  "baselines",
  "adversarial",
  "moment matching",
  "optimal transport",
  "self-training, consistency",
  "target regularisers",
  "batch statistics",
  "few labelled targets",
  "source-free, test-time",
  "partial, open-set, universal",
  "several sources",
  "robust over source domains",
)
SHIFTS = ("covariate shift", "label shift")

_PAPER = re.compile(r" ?\(([A-Za-z][^()]*\d{4}[^()]*)\)")
_SECTIONS = ("Args:", "Returns:", "Raises:", "Attributes:", "Yields:")


class Kind(NamedTuple):
  """A kind of catalogue entries, one file each."""

  command: str  # adapt COMMAND lists them
  entry: str  # what one is called
  package: str
  flag: str  # that chooses one
  families: tuple[str, ...]  # in the order of lists; empty where they have none
  names: Callable[[], tuple[str, ...]]
  prefix: str | None = None  # of the flags of an entry's parameters, if they have flags


class Doc(NamedTuple):
  """Documentation from an entry's file."""

  name: str
  title: str  # the first line of the file, without its paper
  summary: str  # the first line of its docstring
  paper: str
  family: str
  notes: tuple[str, ...] = ()  # the further paragraphs of its docstring, its equation among them


def _models() -> tuple[str, ...]:
  from adapt import models

  return models.names()


# Validators that train again, and their files in adapt/experiments.
_RETRAINING = {"reverse": "reverse", "leave_one_domain_out": "source_left_out"}


def _validators() -> tuple[str, ...]:
  return (*catalogue.names("adapt.validators"), *_RETRAINING)


KINDS = {
  kind.command: kind
  for kind in (
    Kind(
      "methods",
      "method",
      "adapt.methods",
      "--method",
      (*FAMILIES, OWN),
      lambda: catalogue.names("adapt.methods"),
      "",
    ),
    Kind("models", "model", "adapt.models", "--model", (), _models),
    Kind(
      "weights",
      "weighting",
      "adapt.weights",
      "--weights",
      (*SHIFTS, OWN),
      lambda: catalogue.names("adapt.weights"),
      "weights-",
    ),
    Kind(
      "tunings",
      "tuning",
      "adapt.tuning",
      "--tuning",
      (),
      lambda: catalogue.names("adapt.tuning"),
      "tuning-",
    ),
    Kind("validators", "validator", "adapt.validators", "--validator", (), _validators),
  )
}


def known(kind: Kind, name: str) -> str:
  """Validate an entry's name.

  ValueError says what is meant where the kind has no such entry.
  """
  names = kind.names()
  if name in names:
    return name
  for other in KINDS.values():
    if name in other.names():
      raise ValueError(f"{name} is a {other.entry}: see adapt {other.command} {name}")
  raise ValueError(catalogue.unknown(kind.entry, name, names))


def doc(kind: Kind, name: str) -> Doc:
  """Return the documentation in an entry's file.

  Raises ValueError where the file cannot be read.
  """
  file = catalogue.source(kind.package, name)
  if file is None:
    return _imported(kind, name)
  try:
    tree = ast.parse(file.read_text("utf-8"))
  except (SyntaxError, UnicodeDecodeError) as error:
    raise ValueError(f"{file} cannot be read ({error}): mend it") from error
  family, said = OWN, ""
  for node in tree.body:
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FAMILY":
      family = str(ast.literal_eval(node.value))
    if isinstance(node, ast.FunctionDef) and node.name == name:
      said = ast.get_docstring(node) or ""
  return _doc(kind, name, ast.get_docstring(tree) or "", said, family)


def _imported(kind: Kind, name: str) -> Doc:
  """Return the documentation of an entry without its own file.

  Such are an installed plug-in, a backbone, and validators that train again.
  """
  family, module = OWN, None
  if kind.command == "models":
    from adapt.models.backbones import BACKBONES

    found: Any = BACKBONES[name].convert if name in BACKBONES else None
    module, said = inspect.getmodule(found), ""
  elif kind.command == "validators" and name in _RETRAINING:
    module = importlib.import_module(f"adapt.experiments.{_RETRAINING[name]}")
    said = inspect.getdoc(module) or ""
  else:
    found = importlib.import_module(kind.package).get(name)
    family, said = catalogue.facts(found).family, inspect.getdoc(found) or ""
    if found.__module__.endswith(f".{name}"):
      module = inspect.getmodule(found)
  return _doc(kind, name, inspect.getdoc(module) or "" if module else "", said, family)


def _doc(kind: Kind, name: str, of_module: str, said: str, family: str) -> Doc:
  first, *rest = paragraphs(of_module) or [""]
  summary, *notes = paragraphs(said) or [""]
  title, paper = titled(first)
  head, colon, tail = title.partition(": ")
  if colon and plain(head) == plain(name):
    title = tail
  if not said or said == of_module:  # a network: what its file says is all that there is
    notes = rest
  found = family if not kind.families or family in kind.families else OWN
  summary = summary or title
  return Doc(name, title or summary.rstrip("."), summary, paper, found, tuple(notes))


def titled(line: str) -> tuple[str, str]:
  """Split a file's first line into title and paper.

  The paper stands there in brackets.
  """
  found = _PAPER.findall(line)
  return _PAPER.sub("", line).strip().rstrip("."), found[-1] if found else ""


def short(paper: str) -> str:
  """Shorten a paper to its first author and year."""
  author = re.split(r" et al\.?|,| & | and ", paper)[0]
  year = re.search(r"\b(19|20)\d\d\b", re.sub(r"arXiv:\S+", "", paper))
  return f"{author} {year[0]}" if year else author


def paragraphs(docstring: str) -> list[str]:
  """The paragraphs of a docstring before its sections."""
  found = []
  for part in re.split(r"\n\s*\n", docstring.strip()):
    if part.startswith(_SECTIONS):
      break
    found.append(part)
  return found if found != [""] else []


def is_equation(paragraph: str) -> bool:
  """Whether a paragraph is an equation: every line is set in."""
  return all(line.startswith("    ") for line in paragraph.splitlines())


def plain(text: str) -> str:
  """Normalise a name's case, hyphens and spaces.

  Writers change these.
  """
  return re.sub(r"[^a-z0-9]", "", text.lower())
