"""Optimizers by name: sgd, adam, optax's others, and the user's files.

A file NAME.py in the folder `optimizers` of plug-ins defines NAME(*, hyper-parameters) ->
optax.GradientTransformation: a direction, as optax.scale_by_adam is one, of which the learning rate
times its schedule is taken away. One that takes `weight_decay` is given the setting, to decay as it
likes; before any other the L2 penalty is added to the gradient.
"""

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import optax

from adapt import catalogue
from adapt.catalogue import Bound
from adapt.training.settings import Settings

_GROUP = "adapt.optimizers"
_OWN = ("sgd", "adam")
_NOTHING = (inspect.Parameter("_", inspect.Parameter.KEYWORD_ONLY),)
# Take a rate, but ask for more than gradients, have a part in privacy (--dp), or are deprecated.
_OTHERS = ("lbfgs", "noisy_sgd", "optimistic_adam")


def names() -> tuple[str, ...]:
  """Every optimizer: ours, optax's, plug-ins'."""
  return tuple(dict.fromkeys((*_OWN, *_aliases(), *catalogue.names(_GROUP))))


@functools.cache
def _aliases() -> tuple[str, ...]:
  """Names optax optimizers that need only a learning rate, their first argument."""
  found = []
  for name, f in inspect.getmembers(optax, inspect.isfunction):
    first, *others = inspect.signature(f).parameters.values() or _NOTHING
    usual = first.name == "learning_rate" and not name.startswith(("scale", "_"))
    if usual and name not in _OTHERS and all(p.default is not p.empty for p in others):
      found.append(name)
  return tuple(found)


def get(name: str) -> Callable[..., optax.GradientTransformation]:
  """Returns the factory of a named update direction.

  ValueError lists the names for an unknown one.
  """
  if name in catalogue.names(_GROUP) or name not in names():
    factory: Callable[..., Any] = catalogue.get(_GROUP, name, names())
    return factory
  return {"sgd": _sgd, "adam": optax.scale_by_adam}.get(name) or _alias(name)


def _sgd(momentum: float) -> optax.GradientTransformation:
  return optax.trace(momentum, nesterov=True)


@functools.cache  # so that the factory is the same each time
def _alias(name: str) -> Callable[..., optax.GradientTransformation]:
  alias = getattr(optax, name)

  def factory(**options: Any) -> optax.GradientTransformation:
    return optax.chain(alias(learning_rate=1.0, **options), optax.scale(-1.0))

  factory.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [p for p in inspect.signature(alias).parameters.values() if p.name == "weight_decay"]
  )
  return factory


def bind(
  optimizer: str | optax.GradientTransformation | Callable[..., Any] | Bound, **given: Any
) -> Bound:
  """Binds an optimizer name, factory or optax transformation to its arguments.

  A transformation, e.g. optax.adamw(1e-3), is used as it is: with its own learning rate, without our
  schedule and weight decay.

  Raises:
    ValueError: an unknown name, or an argument that it does not take.
  """
  if isinstance(optimizer, optax.GradientTransformation):
    return _as_it_is(optimizer)
  if isinstance(optimizer, Bound):
    own = {**optimizer.given, **given}
    return catalogue.bound(optimizer.name, optimizer.factory, own, optimizer.package)
  if isinstance(optimizer, str):
    return catalogue.bound(optimizer, get(optimizer), given, __name__)
  return catalogue.bound(optimizer.__name__, optimizer, given)


def source(optimizer: Bound) -> Callable[..., Any] | None:
  """Returns the user's own factory function, if the optimizer is one.

  It is None for our optimizers, optax's and transformations.
  """
  named = optimizer.package and optimizer.name not in catalogue.names(_GROUP)
  return None if named or not has_rate(optimizer) else optimizer.factory


class _Own:
  """Factory that returns a given transformation."""

  def __init__(self, transformation: optax.GradientTransformation) -> None:
    self.transformation = transformation

  def __call__(self) -> optax.GradientTransformation:
    return optax.chain(self.transformation, optax.scale(-1.0))


@functools.lru_cache(maxsize=64)  # one bound for one transformation, so that programs are shared
def _as_it_is(transformation: optax.GradientTransformation) -> Bound:
  digest = hashlib.sha256("\n".join(_told(transformation)).encode()).hexdigest()
  return Bound(f"optax-{digest[:8]}", _Own(transformation))


def has_momentum(optimizer: Bound) -> bool:
  """Whether the setting `momentum` is read.

  Others than sgd have arguments of their own.
  """
  return optimizer.factory is _sgd


def has_rate(optimizer: Bound) -> bool:
  """Whether we control the learning rate and its schedule.

  Otherwise they are the transformation's own.
  """
  return not isinstance(optimizer.factory, _Own)


def _told(value: Any, depth: int = 0) -> Iterator[str]:
  """Yields what identifies a transformation across processes.

  That is the names of functions and the values they hold.
  """
  if depth > 20:
    return
  if isinstance(value, functools.partial):
    yield from _told((value.func, value.args, value.keywords), depth + 1)
  elif inspect.isfunction(value):
    yield f"{value.__module__}.{value.__qualname__}"
    held = [_content(cell) for cell in value.__closure__ or ()]
    yield from _told([value.__defaults__, value.__kwdefaults__, held], depth + 1)
  elif isinstance(value, dict):
    for key, item in value.items():
      yield str(key)
      yield from _told(item, depth + 1)
  elif isinstance(value, tuple | list):
    yield f"{type(value).__name__} {len(value)}"
    for item in value:
      yield from _told(item, depth + 1)
  elif hasattr(value, "__array__"):
    yield hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
  else:
    plain = value is None or isinstance(value, bool | int | float | str)
    yield repr(value) if plain else type(value).__qualname__


def _content(cell: Any) -> Any:
  try:
    return cell.cell_contents
  except ValueError:  # not set yet
    return None


def parts(
  optimizer: Bound, settings: Settings, pull: optax.GradientTransformation | None
) -> list[optax.GradientTransformation]:
  """Builds the transformations that turn gradients into an update direction.

  They apply in order; the result is subtracted, scaled by the learning rate.

  Args:
    optimizer: bound.
    settings: momentum and weight decay are read.
    pull: a transformation in place of the weight decay, or None.

  Raises:
    ValueError: a file of the user's makes no transformation.
  """
  options = dict(optimizer.given)
  if optimizer.factory is _sgd:
    options.setdefault("momentum", settings.momentum)
  ours = [pull] if pull else []
  if has_rate(optimizer):
    if "weight_decay" in inspect.signature(optimizer.factory).parameters:
      options.setdefault("weight_decay", 0.0 if pull else settings.weight_decay)
    elif not pull:
      ours = [optax.add_decayed_weights(settings.weight_decay)]
  try:
    made = optimizer.factory(**options)
    if not isinstance(made, optax.GradientTransformation):
      raise TypeError(f"{type(made).__name__} is no optax.GradientTransformation")
  except Exception as error:  # whatever a file of the user's does
    raise ValueError(
      f"optimizer '{optimizer.name}' makes no direction ({type(error).__name__}: {error})"
    ) from error
  return [*ours, made]
