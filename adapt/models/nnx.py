"""Turns an nnx module into pure functions.

It is the only file that imports nnx, and is imported when needed.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from flax.traverse_util import flatten_dict, unflatten_dict
from jax import lax

from adapt.models.general_conv import conv_general_dilated
from adapt.models.library import Library, Path, Watch, called_with

_watching: ContextVar[Callable[[Any, jax.Array, jax.Array], None] | None] = ContextVar(
  "_watching", default=None
)


class Part(NamedTuple):
  """Part of a module's state: arrays by path, and their structure.

  The structure puts them back.
  """

  leaves: dict[Path, Any]
  tree: Any

  def filled(self, leaves: Any) -> Any:
    """The state with other arrays at its paths."""
    return jax.tree.unflatten(self.tree, [leaves[path] for path in self.leaves])


def is_module(x: Any) -> bool:
  """Whether x is an nnx module, one with its values in it."""
  return isinstance(x, nnx.Module)


def copied(module: Any) -> Any:
  """A module of its own with the same values."""
  return nnx.clone(module)


def arrays(module: Any) -> list[jax.Array]:
  """All arrays of a module."""
  return jax.tree.leaves(nnx.state(module))


def library(module: Any, make: Callable[[Any], Any] | None, axis: str | None, name: str) -> Library:
  """An nnx module as pure functions of its parameters.

  Args:
    module: the module; what it holds is where every seed starts. None where there is `make`.
    make: (rngs) -> module, for every seed anew.
    axis: device axis over which batch statistics are averaged.
    name: of the network, for what a ValueError says.

  Raises:
    ValueError: `make` gives no nnx module; its __call__ needs more than inputs.
  """
  if make is not None:
    with jax.ensure_compile_time_eval():  # a tracer among its attributes would not be an array
      module = make(nnx.Rngs(0))
  if not is_module(module):
    raise ValueError(
      f"{name} takes rngs and gives a {type(module).__name__}: let it give an nnx module"
    )
  flags = called_with(module.__call__, name)
  graph, params_of, random, stats_of, constants = _split(module)

  def start(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    del x  # the module knows its widths
    if make is not None:
      _, params, _, stats, _ = _split(make(nnx.Rngs(key)))
      return unflatten_dict(params.leaves), unflatten_dict(stats.leaves)
    # In buffers of their own, as the module's must outlive a donation.
    copies = jax.tree.map(jnp.copy, (params_of.leaves, stats_of.leaves))
    return unflatten_dict(copies[0]), unflatten_dict(copies[1])

  def run(
    params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None, watch: Watch
  ) -> tuple[Any, Any]:
    if train and key is None and random.leaves:
      raise ValueError(f"{name} draws random numbers in training: give a key")
    model = nnx.merge(
      graph,
      params_of.filled(flatten_dict(params)),
      random.filled(_streams(random.leaves, key)),
      stats_of.filled(flatten_dict(stats)),
      constants.filled(constants.leaves),
    )
    outputs = _watched(model, x, train, axis, flags(train), watch)
    if not train:
      return outputs, stats
    new = _split(model)[3].leaves  # what a layer added on the way stays behind
    return outputs, unflatten_dict({path: new[path] for path in stats_of.leaves})

  return Library(start, run)


def _split(module: Any) -> tuple[Any, Part, Part, Part, Part]:
  """(graph, parameters, random streams, other variables, arrays that are no variables)."""
  graph, *states = nnx.split(module, nnx.Param, nnx.RngState, nnx.Variable, ...)
  params, random, stats, constants = map(_part, states)
  return graph, params, random, stats, constants


def _part(state: Any) -> Part:
  flat, tree = jax.tree_util.tree_flatten_with_path(state)
  return Part({_path(keys): leaf for keys, leaf in flat}, tree)


def _path(keys: Any) -> Path:
  """Names of a leaf's path; a variable's value is the variable."""
  parts = [str(getattr(key, "key", getattr(key, "name", key))) for key in keys]
  variable = isinstance(keys[-1], jax.tree_util.GetAttrKey)
  return tuple(parts[:-1] if variable else parts)


def _streams(leaves: dict[Path, Any], key: jax.Array | None) -> dict[Path, Any]:
  """Every random stream from the key, its count at 0; without a key as they are."""
  if key is None:
    return leaves
  new = {}
  for i, (path, leaf) in enumerate(leaves.items()):
    if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
      own = jax.random.fold_in(key, i)
      new[path] = jax.random.split(own, leaf.shape) if leaf.shape else own
    else:
      new[path] = jnp.zeros_like(leaf)
  return new


def _watched(
  model: Any, x: jax.Array, train: bool, axis: str | None, flags: dict[str, bool], watch: Watch
) -> Any:
  """What the model gives, watched; it is one that is used but once."""
  (model.train if train else model.eval)()
  layers = _prepared(model, axis, train)

  def tell(layer: Any, read: jax.Array, out: jax.Array) -> None:
    if id(layer) in layers:  # else a copy inside nnx.jit or the like
      watch(layers[id(layer)], read, out)

  token = _watching.set(tell)
  try:
    return model(x, **flags)
  finally:
    _watching.reset(token)


def _prepared(model: Any, axis: str | None, train: bool) -> dict[int, Path]:
  """Makes layers tell what they read, share an axis and convolve fast; linear ones' paths by id."""
  paths = {}
  for path, layer in list(nnx.iter_graph(model)):
    if isinstance(layer, nnx.BatchNorm) and layer.axis_name is None:
      layer.axis_name = axis
    if (
      train
      and isinstance(layer, nnx.Conv)
      and layer.conv_general_dilated is lax.conv_general_dilated
    ):
      layer.conv_general_dilated = conv_general_dilated
    if isinstance(layer, nnx.Linear):
      paths[id(layer)] = tuple(map(str, path))
      object.__setattr__(layer, "__class__", _telling(type(layer)))
  return paths


@functools.cache
def _telling(kind: Any) -> Any:
  """The same layer, which tells `_watching` what it reads and gives."""

  class Telling(kind):
    def __call__(self, inputs: jax.Array, *args: Any, **kwargs: Any) -> jax.Array:
      out = super().__call__(inputs, *args, **kwargs)
      if (watch := _watching.get()) is not None:
        watch(self, inputs, out)
      return out

  Telling.__name__ = kind.__name__
  return Telling
