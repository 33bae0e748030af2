"""Methods by name: one file, one method."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adapt import catalogue
from adapt.method import Method, Net


def names() -> tuple[str, ...]:
  """Every method, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., Method]:
  """The factory of that name; ValueError for an unknown one.

  The message lists the names.
  """
  factory: Callable[..., Method] = catalogue.get(__name__, name)
  return factory


def bind(method: str | Callable[..., Any] | catalogue.Bound, **given: Any) -> catalogue.Bound:
  """A named method, or one's own factory, with given arguments set.

  Raises:
    ValueError: an unknown name, or an argument that it does not take.
  """
  if isinstance(method, catalogue.Bound):
    return catalogue.bound(method.name, method.factory, {**method.given, **given}, method.package)
  if isinstance(method, str):
    return catalogue.bound(method, get(method), given, __name__)
  return catalogue.bound(method.__name__, method, given)


def traits(method: str | Callable[..., Any], hyperparameters: Mapping[str, Any] = {}) -> Method:
  """The method without a network, to read its traits.

  Such are what it reads and where it starts. What serves classes and values takes the loss from
  `net.output`, whatever it is, and so serves labels (multi-label) too.

  Args:
    method: a name or a factory.
    hyperparameters: those that are not at their defaults.

  Raises:
    ValueError: its factory refuses the hyper-parameters, or is wrong.
  """
  factory = get(method) if isinstance(method, str) else method
  try:
    made = factory(Net(_no_network, _no_network), **hyperparameters)
  except ValueError:
    raise
  except Exception as error:  # whatever a user's own file does
    name, reason = factory.__name__, f"{type(error).__name__}: {error}"
    raise ValueError(f"'{name}' makes no method ({reason}): mend {_file_of(factory)}") from error
  if not isinstance(made, Method):
    raise ValueError(
      f"'{factory.__name__}' makes a {type(made).__name__}: return a Method in {_file_of(factory)}"
    )
  if "labels" not in made.outputs and {"classes", "values"} <= set(made.outputs):
    return made._replace(outputs=(*made.outputs, "labels"))
  return made


def _file_of(factory: Callable[..., Any]) -> str:
  """The name of the file that defines a factory."""
  module = sys.modules.get(getattr(factory, "__module__", ""), None)
  return Path(getattr(module, "__file__", None) or f"{factory.__name__}.py").name


def _no_network(*_: Any, **__: Any) -> Any:
  raise AssertionError("a method's factory must not run its network")
