"""Test-time methods by name: one file, one method.

A method is NAME(forward, *, hyper-parameters) → Online, where forward runs the network (see
`adapt.models.test_time`).
"""

from collections.abc import Callable

from adapt import catalogue
from adapt.streams.online import Online


def names() -> tuple[str, ...]:
  """Every test-time method, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., Online]:
  """The factory of that name.

  ValueError lists the names for an unknown one.
  """
  factory: Callable[..., Online] = catalogue.get(__name__, name)
  return factory
