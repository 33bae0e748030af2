"""Output kinds: what a network predicts, one file a kind, with its measures."""

from adapt.outputs import classes
from adapt.outputs.measure import Measure

__all__ = ["MEASURES", "Measure", "find", "measure"]

MEASURES = {m.name: m for m in classes.MEASURES}


def measure(name: str) -> Measure:
  """The measure that a record calls so; one of classes' form where nobody knows it."""
  return MEASURES.get(name, Measure(name, name.replace("_", " ")))


def find(name: str) -> Measure:
  """The measure of that name; ValueError lists the names for an unknown one."""
  if name not in MEASURES:
    raise ValueError(f"no measure '{name}': choose --measure from {', '.join(MEASURES)}")
  return MEASURES[name]
