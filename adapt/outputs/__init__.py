"""Output kinds: what a network predicts, with loss and measures.

Each kind is one file.

A file NAME.py defines NAME(*, arguments) -> Output, and MEASURES, the main one first. A user's own file
defines a loss of his own for the labels of a kind that is here, which has the measures:
`def pinball(*, tau: float = 0.5) -> Output: return Output("values", loss)`.
"""

from collections.abc import Callable
from typing import Any

from adapt import catalogue
from adapt.method import Output
from adapt.outputs import classes, labels, pixels, values
from adapt.outputs._measure import Measure

__all__ = [
  "CLASSES",
  "MEASURES",
  "Measure",
  "bind",
  "check_measure",
  "find",
  "get",
  "kind",
  "main",
  "measure",
  "measures",
  "names",
]

_KINDS = {"classes": classes, "values": values, "pixels": pixels, "labels": labels}
MEASURES = {m.name: m for kind in _KINDS.values() for m in kind.MEASURES}


def names() -> tuple[str, ...]:
  """Every output kind, and those of plug-ins."""
  return (*_KINDS, *(n for n in catalogue.names(__name__) if n not in _KINDS))


def get(name: str) -> Callable[..., Output]:
  """The factory of that kind; ValueError for an unknown one.

  The message lists the kinds.
  """
  ours = name in _KINDS and not catalogue.has(__name__, name, added=True)
  found = getattr(_KINDS[name], name) if ours else catalogue.get(__name__, name, names())
  factory: Callable[..., Output] = found
  return factory


def bind(output: str | catalogue.Bound, **given: Any) -> catalogue.Bound:
  """The output kind of that name, with what is set of it.

  Raises:
    ValueError: an unknown kind, an argument that it does not take, a value that it refuses, or one of a
      user's own that is of no kind.
  """
  name, own = (output, {}) if isinstance(output, str) else (output.name, dict(output.given))
  factory, asked = get(name), {**own, **given}
  usual = {p.name: p.default for p in catalogue.parameters(factory)}
  # What is as usual anyway is not set: it is the same output.
  asked = {n: v for n, v in asked.items() if n not in usual or v != usual[n]}
  found = catalogue.bound(name, factory, asked, __name__)
  if (made := found()).kind not in _KINDS:
    raise ValueError(
      f"the output {name} is of the kind '{made.kind}': let its Output have one of {', '.join(_KINDS)}"
    )
  return found


def kind(output: str | catalogue.Bound) -> str:
  """The kind whose labels and measures an output has."""
  made: Output = bind(output)()
  return made.kind


CLASSES = bind("classes")


def main(kind: str) -> str:
  """The main measure of a kind, as records call it."""
  return _KINDS[kind].MEASURES[0].name


def measures(kind: str) -> list[str]:
  """The measures of a kind, the main one first."""
  return [m.name for m in _KINDS[kind].MEASURES]


def measure(name: str) -> Measure:
  """The measure a record names; of classes' form if unknown.

  A name that no output kind knows gets the form of the classes' measures.
  """
  return MEASURES.get(name, Measure(name, name.replace("_", " ")))


def check_measure(name: str, kind: str) -> None:
  """Raises ValueError where a measure judges another output kind than this one."""
  if name not in (known := measures(kind)):
    raise ValueError(f"--measure {name} judges no {kind}: choose from {', '.join(known)}")


def find(name: str) -> Measure:
  """The measure of that name; ValueError for an unknown one.

  The message lists the names.
  """
  if name not in MEASURES:
    raise ValueError(f"no measure '{name}': choose --measure from {', '.join(MEASURES)}")
  return MEASURES[name]
