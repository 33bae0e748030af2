"""Methods by name: one file, one method, one subcommand."""

from collections.abc import Callable

from adapt import catalogue
from adapt.method import Method


def names() -> tuple[str, ...]:
  """Every method, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., Method]:
  """The factory of that name; ValueError lists the names for an unknown one."""
  if name not in names():
    raise ValueError(f"unknown method '{name}': choose from {', '.join(names())}")
  return catalogue.get(__name__, name)
