"""The common form of linen and nnx modules, as pure functions."""

import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

Path = tuple[str, ...]  # of a layer or a leaf in the module's parameters
Watch = Callable[[Path, jax.Array, jax.Array], None]  # (dense layer, what it reads, what it gives)

_ON, _OFF = ("train", "training", "is_training"), ("deterministic", "use_running_average")


class Library(NamedTuple):
  """A module as functions of its parameters.

  They are nested as in the module.
  """

  start: Callable[..., Any]  # (key, x) -> (params, stats)
  run: Callable[..., Any]  # (params, stats, x, train, key, watch) -> (outputs, stats)


def called_with(call: Callable[..., Any], name: str) -> Callable[[bool], dict[str, bool]]:
  """A module's arguments besides the inputs, by whether it trains.

  Raises:
    ValueError: it needs something else.
  """
  signature = inspect.signature(call)

  def flags(train: bool) -> dict[str, bool]:
    on, off = dict.fromkeys(_ON, train), dict.fromkeys(_OFF, not train)
    return {n: value for n, value in {**on, **off}.items() if n in signature.parameters}

  try:
    signature.bind(None, **flags(False))
  except TypeError as error:
    raise ValueError(
      f"{name} cannot be called with inputs alone ({error}): let its __call__ take x, and train"
    ) from error
  return flags
