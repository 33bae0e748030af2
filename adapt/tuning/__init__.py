"""Ways to fine-tune, by name: one file, one choice of what moves and what holds it near the start.

A tuning wraps a network, so that every method runs under every tuning unchanged. The wrapped `init`
returns as params only what moves; the rest travels in the stats, where neither gradients nor the
optimiser's state reach it: stats = {"inner": the network's own stats, "frozen": …}. A warm start is
made below the tuning, by a network whose `init` returns the source model.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from flax.traverse_util import flatten_dict, unflatten_dict

from adapt import catalogue
from adapt.method import Net

Path = tuple[str, ...]  # of a leaf in the nested dict of parameters, e.g. ("conv1", "kernel")


class Tuning(NamedTuple):
  """A way to fine-tune.

  `pull()` makes a transformation of the gradients of params["net"], put before the optimiser.
  `needs_start` says that a random start makes no sense, because what is frozen would stay random.
  """

  wrap: Callable[[Net], Net]
  pull: Callable[[], optax.GradientTransformation] | None = None
  needs_start: bool = True


def names() -> tuple[str, ...]:
  """Every tuning, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., Tuning]:
  """The factory of that name; ValueError lists the names for an unknown one."""
  if name not in names():
    raise ValueError(f"unknown tuning '{name}': choose from {', '.join(names())}")
  return catalogue.get(__name__, name)


def only(net: Net, moves: Callable[[Path], bool], *, body_trains: bool = True) -> Net:
  """The network with only some of its parameters left to training.

  Args:
    net: the network, started from the source model.
    moves: whether the leaf at a path is trained.
    body_trains: False to run the network in evaluation mode even in training: running batch
      statistics are used and stay as they are, dropout is off.

  Returns:
    A Net whose params are the moving leaves in their places, and whose stats carry the others.

  Raises:
    ValueError: at init, if nothing moves.
  """

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x)
    leaves = flatten_dict(params)
    moving = {path: leaf for path, leaf in leaves.items() if moves(path)}
    frozen = {path: leaf for path, leaf in leaves.items() if path not in moving}
    if not moving:
      raise ValueError("this tuning trains no parameter of this network: choose another tuning")
    return unflatten_dict(moving), {"inner": stats, "frozen": unflatten_dict(frozen)}

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    whole = merged(params, stats["frozen"])
    outputs, inner = net.apply(whole, stats["inner"], x, train and body_trains, key)
    return outputs, {"inner": inner, "frozen": stats["frozen"]}

  return Net(init, apply)


def merged(moving: Any, frozen: Any) -> Any:
  """One nested dict from two that share no leaf."""
  return unflatten_dict({**flatten_dict(frozen), **flatten_dict(moving)})
