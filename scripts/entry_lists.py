"""Lists of methods, weightings, tunings, validators and losses, from the entries' own docstrings."""

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from adapt import catalogue, methods, tuning, validators, weights
from adapt.cli import overview
from adapt.losses import ops
from adapt.outputs import _class_losses, classes
from adapt.training.settings import Settings

_BLOCK = re.compile(r"(<!-- list:(\w+) -->\n).*?(<!-- /list -->)", re.DOTALL)
_ROW = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
_NONE = "–"
_PAPER = re.compile(r"^([^\n]*arXiv:\d+\.\d+)", re.MULTILINE)  # a line of a loss's docstring
_WEIGHTED = ("resample", "defer")  # settings of how weights count


class Row(NamedTuple):
  """One entry: its family, and its cells after the name."""

  name: str
  family: str
  cells: tuple[str, ...]


def filled(text: str, add: bool = True) -> str:
  """The text with every block `<!-- list:KIND -->` … `<!-- /list -->` made anew.

  Args:
    text: of a page.
    add: whether entries that the page does not list yet are added. Without, the listed ones alone
      are made anew, so that a check of a page finds what is wrong, not what is new.

  Raises:
    ValueError: no such kind.
  """

  def block(match: re.Match[str]) -> str:
    names = None if add else listed(match[0])
    return f"{match[1]}\n{table(match[2], names)}\n{match[3]}"

  return _BLOCK.sub(block, text)


def listed(text: str) -> list[str]:
  """The entries whose rows are in a text."""
  return _ROW.findall(text)


def unlisted(text: str) -> list[str]:
  """Entries that the blocks of a text do not list yet, as "KIND NAME"."""
  return [
    f"{match[2]} {row.name}"
    for match in _BLOCK.finditer(text)
    for row in _kind(match[2]).rows()
    if row.name not in listed(match[0])
  ]


def table(kind: str, names: Collection[str] | None = None) -> str:
  """The list of one kind as Markdown, or of those of its entries that are named."""
  columns, families, rows = _kind(kind)
  found = [row for row in rows() if names is None or row.name in names]
  lines = [f"| {' | '.join(columns)} |", "| :-- " * len(columns) + "|"]
  for family in families or (catalogue.OWN,):
    mine = [row for row in found if row.family == family]
    if families and mine:
      lines.append(f"| **{family}** |{' |' * (len(columns) - 1)}")
    for row in mine:
      cells = (cell.replace("|", r"\|") for cell in row.cells)
      lines.append(f"| `{row.name}` | {' | '.join(cells)} |")
  return "\n".join(lines) + "\n"


def _methods() -> Iterator[Row]:
  for name in methods.names():
    factory = methods.get(name)
    paper = catalogue.facts(factory).paper or _NONE
    cells = catalogue.summary(factory), overview.setting(methods.traits(name)), paper
    yield Row(name, overview.family(name), cells)


def _weights() -> Iterator[Row]:
  for name in weights.names():
    factory = catalogue.get(weights.__name__, name)  # whose libraries need not be installed
    family = catalogue.facts(factory).family
    known = family if family in _SHIFTS else catalogue.OWN
    yield Row(name, known, _said(factory))


def _tunings() -> Iterator[Row]:
  for name in tuning.names():
    yield Row(name, catalogue.OWN, _said(tuning.get(name)))


def _validators() -> Iterator[Row]:
  for name in validators.names():
    yield Row(name, catalogue.OWN, (catalogue.summary(validators.get(name)),))


def _losses() -> Iterator[Row]:
  for name in classes.LOSSES:
    loss = getattr(_class_losses, name, ops.cross_entropy)
    paper = _PAPER.search(inspect.getdoc(loss) or "")
    flags = [f"`--{flag}` {usual}" for flag, (of, usual) in classes.OWN.items() if of == name]
    cells = catalogue.summary(loss), ", ".join(flags) or _NONE, paper[1] if paper else _NONE
    yield Row(name, catalogue.OWN, cells)


def _counting() -> Iterator[Row]:
  meanings = catalogue.meanings(Settings)
  for name in _WEIGHTED:
    yield Row(name, catalogue.OWN, (meanings[name],))


def _said(factory: Callable[..., Any]) -> tuple[str, str]:
  """What it does, and its paper."""
  return catalogue.summary(factory), catalogue.facts(factory).paper or _NONE


class _Kind(NamedTuple):
  columns: tuple[str, ...]
  families: Sequence[str]  # in the order of their groups; empty for a list without groups
  rows: Callable[[], Iterator[Row]]


_SHIFTS = ("covariate shift", "label shift")
_KINDS = {
  "methods": _Kind(
    ("method", "what it does", "setting", "paper"),
    (*overview.FAMILIES, overview.OWN),
    _methods,
  ),
  "weights": _Kind(("`--weights`", "what it does", "paper"), (*_SHIFTS, catalogue.OWN), _weights),
  "tuning": _Kind(("`--tuning`", "what it does", "paper"), (), _tunings),
  "validators": _Kind(("`--validator`", "what scores higher"), (), _validators),
  "losses": _Kind(("`--loss`", "what it is", "its flags", "paper"), (), _losses),
  "counting": _Kind(("flag `--`…", "what it does"), (), _counting),
}


def _kind(name: str) -> _Kind:
  if name not in _KINDS:
    raise ValueError(f"no list of {name}: choose from {', '.join(_KINDS)}")
  return _KINDS[name]
