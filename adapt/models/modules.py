"""A user's own linen or nnx module, or its factory, as `Net`.

The module stays as its author wrote it: its last dense layer is found by watching which layers it
calls, what that layer reads are the features, and its parameters appear as params["head"].
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.errors
import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from adapt.augment.image_ops import as_float
from adapt.method import Net
from adapt.models import linen
from adapt.models.library import Library, Path

_CAST = ("convert_element_type", "copy")  # what may happen to logits behind the last layer


class Form(NamedTuple):
  """Where a module keeps its last dense layer and its leaves.

  The leaves are under the paths that a `Net` shows.
  """

  head: Path
  places: dict[Path, Path]  # of a leaf: as the Net shows it -> as the module has it


class _Seeded(NamedTuple):
  """What makes an nnx module, up to its random numbers."""

  make: Callable[[Any], Any]  # (rngs) -> module


def as_factory(network: Any) -> Callable[..., Net]:
  """A user's network as a function of the number of classes.

  Args:
    network: a `Net`; a linen module, or a function or class of `classes` that gives one; an nnx
      module, or a function or class of `classes` and `rngs`. What takes `dtype` is given it. A
      module is called with x [b, ...] and, if it names one of them, `train`, `training`,
      `is_training`, `deterministic` or `use_running_average`. It returns logits [b, k] or
      (features [b, d], logits), and its last layer is an nn.Dense or nnx.Linear with a bias.

  Returns:
    (classes, *, dtype, axis) -> Net. Each key draws other initial weights, except of an nnx module
    that exists already: what it holds is where every seed starts, as published weights are. Its
    arrays that are no nnx.Variable are constants.

  Raises:
    ValueError: it is none of these. The function raises it for a compute type that the network does
      not take, the Net at `init` for a network whose last layer or output is another.
  """
  if not (isinstance(network, Net | nn.Module) or _makes(network) or _is_nnx(network)):
    raise ValueError(
      f"a network cannot be a {type(network).__name__}: give a linen or nnx module, a function of "
      "the number of classes that makes one, or a Net"
    )
  network = _as_it_is(network)

  def build(classes: int, *, dtype: Any = jnp.float32, axis: str | None = None) -> Net:
    if dtype != jnp.float32 and not (_makes(network) and "dtype" in _parameters(network)):
      raise ValueError(
        f"{label(network)} has no argument dtype: leave the precision at f32, or give a function "
        "(classes, dtype) that makes the network"
      )
    name = label(network)
    made = _called(network, classes, dtype, axis) if _makes(network) else network
    if isinstance(made, Net):
      return made
    if isinstance(made, nn.Module):
      return _net(linen.library(made, axis, name), classes, name)
    return _net(_nnx(network, made, axis, name), classes, name)

  return build


def _nnx(network: Any, made: Any, axis: str | None, name: str) -> Library:
  """The functions of what a network turned out to be if it is neither a Net nor of linen."""
  from adapt.models import nnx  # not at the top: most never need it

  if isinstance(made, _Seeded):
    return nnx.library(None, made.make, axis, name)
  if not nnx.is_module(made):
    raise ValueError(
      f"{name} makes a {type(made).__name__}: let it make a linen or nnx module, or a Net"
    )
  if _makes(network):
    raise ValueError(
      f"{name} makes the same weights for every seed: give it an argument rngs for its layers"
    )
  return nnx.library(made, None, axis, name)


def label(network: Any) -> str:
  """A network's name: that of its class or its factory."""
  if isinstance(network, functools.partial):
    return label(network.func)
  return str(getattr(network, "__name__", None) or type(network).__name__)


def arrays(network: Any) -> list[jax.Array]:
  """What an nnx module holds now; nothing for all else."""
  if not _is_nnx(network):
    return []
  from adapt.models import nnx

  return nnx.arrays(network)


def _as_it_is(network: Any) -> Any:
  """A copy of an nnx module, which may be trained elsewhere; anything else can not change."""
  if not _is_nnx(network):
    return network
  from adapt.models import nnx

  return nnx.copied(network)


def _makes(network: Any) -> bool:
  """Whether it is a function or a class, and so makes networks."""
  return isinstance(network, type | functools.partial) or inspect.isroutine(network)


def _is_nnx(network: Any) -> bool:
  if isinstance(network, Net | nn.Module) or _makes(network):
    return False
  from adapt.models import nnx

  return nnx.is_module(network)


def _parameters(network: Any) -> dict[str, inspect.Parameter]:
  return dict(_signature(network).parameters)


def _signature(network: Any) -> inspect.Signature:
  """Of a function, or of what a class is made with: nnx hides that of its classes."""
  made = network if isinstance(network, functools.partial) else functools.partial(network)
  kind = made.func
  if not isinstance(kind, type):
    return inspect.signature(made)
  start = inspect.getattr_static(kind, "__init__")
  signature = inspect.signature(functools.partial(start, None, *made.args, **made.keywords))
  # What linen adds to a module's own fields is not for a number of classes.
  added = ("parent", "name") if issubclass(kind, nn.Module) else ()
  own = [p for name, p in signature.parameters.items() if name not in added]
  return signature.replace(parameters=own)


def _called(network: Any, classes: int, dtype: Any, axis: str | None) -> Any:
  """What a function makes for so many classes; `_Seeded` for one that takes `rngs`."""
  known = _parameters(network)
  kwargs: dict[str, Any] = {"dtype": dtype} if "dtype" in known else {}
  # An axis by position, or with a number for a default, is one of an array.
  if "axis" in known and known["axis"].kind is known["axis"].KEYWORD_ONLY:
    kwargs |= {} if known["axis"].default not in (None, inspect.Parameter.empty) else {"axis": axis}
  args = () if "classes" in known else (classes,)
  kwargs |= {"classes": classes} if "classes" in known else {}
  random = {"rngs": None} if "rngs" in known else {}
  try:
    _signature(network).bind(*args, **kwargs, **random)
  except TypeError as error:
    wanted = "(classes, rngs)" if random else "(classes)"
    raise ValueError(
      f"{label(network)} cannot be called as {label(network)}{wanted} ({error}): give a function "
      "that can, or a module that is made"
    ) from error
  if random:
    return _Seeded(lambda rngs: network(*args, **kwargs, rngs=rngs))
  return network(*args, **kwargs)


def _net(library: Library, classes: int, name: str) -> Net:
  """The functions of a `Net`, on top of the library's."""

  @functools.cache
  def form(shape: tuple[int, ...], dtype: Any) -> Form:
    return _form(library, jax.ShapeDtypeStruct((2, *shape), dtype), classes, name)

  def of(x: jax.Array) -> Form:
    return form(x.shape[1:], x.dtype)

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    places = of(x).places
    params, stats = library.start(key, as_float(x[:1]))
    leaves = flatten_dict(params)
    return unflatten_dict({shown: leaves[own] for shown, own in places.items()}), stats

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    head, places = of(x)
    leaves, read = flatten_dict(params), []

    def watch(layer: Path, features: jax.Array, out: jax.Array) -> None:
      if layer == head:
        read.append(features)

    own = unflatten_dict({own: leaves[shown] for shown, own in places.items()})
    outputs, stats = library.run(own, stats, as_float(x), train, key, watch)
    features, logits = outputs if isinstance(outputs, tuple | list) else (read[-1], outputs)
    return (features.astype(jnp.float32), logits.astype(jnp.float32)), stats

  return Net(init, apply)


def _form(library: Library, x: jax.ShapeDtypeStruct, classes: int, name: str) -> Form:
  """What a trace of the module in evaluation mode shows of it; nothing is computed."""
  params, stats = jax.eval_shape(lambda x: library.start(jax.random.key(0), as_float(x[:1])), x)
  calls: list[Path] = []
  last: list[Any] = []

  def run(params: Any, stats: Any, x: jax.Array) -> Any:
    def watch(layer: Path, features: jax.Array, out: jax.Array) -> None:
      calls.append(layer)
      last[:] = [features, out]

    outputs, _ = library.run(params, stats, as_float(x), False, None, watch)
    _check_outputs(outputs, classes, name)
    if not calls:
      raise ValueError(
        f"{name} calls no dense layer: let its last layer be nn.Dense(classes) or nnx.Linear, outside of jit"
      )
    features, logits = outputs if isinstance(outputs, tuple | list) else (last[0], outputs)
    return features, logits, *last

  try:
    traced = jax.make_jaxpr(run)(params, stats, x).jaxpr
  except flax.errors.ModifyScopeVariableError as error:
    raise ValueError(
      f"{name} updates its variables in evaluation too, as batch statistics: let its __call__ take "
      "train, and use the running ones without it"
    ) from error
  features, logits, read, out = (_origin(traced, var) for var in traced.outvars)
  head = calls[-1]
  where = f"the last dense layer of {name}, {'.'.join(head) or 'itself'},"
  if logits is not out:
    raise ValueError(
      f"{where} does not give its logits: return what it gives, without jit or remat around it"
    )
  if features is not read:
    raise ValueError(f"{where} does not read its features: return what it reads, or logits alone")
  if calls.count(head) > 1:
    raise ValueError(f"{where} is called {calls.count(head)} times: give the logits their own")
  leaves = flatten_dict(params)
  if {path[-1] for path in leaves if path[:-1] == head} != {"kernel", "bias"}:
    raise ValueError(f"{where} has no bias, or more than kernel and bias: give it just these")
  return Form(head, _places(leaves, head))


def _check_outputs(outputs: Any, classes: int, name: str) -> None:
  parts = list(outputs) if isinstance(outputs, tuple | list) else [outputs]
  if len(parts) > 2 or not all(isinstance(part, jax.Array) and part.ndim == 2 for part in parts):
    given = ", ".join(str(getattr(p, "shape", None) or type(p).__name__) for p in parts)
    raise ValueError(
      f"{name} returns ({given}) for two examples: return logits [b, {classes}], or "
      f"(features [b, d], logits [b, {classes}])"
    )
  if parts[-1].shape[1] != classes:
    raise ValueError(
      f"{name} gives {parts[-1].shape[1]} logits for {classes} classes: make it with {classes}, or "
      "give a function of the number of classes"
    )


def _origin(jaxpr: Any, var: Any) -> Any:
  """The variable of which this one is a copy, maybe of another type."""
  for eqn in reversed(jaxpr.eqns):
    if eqn.primitive.name in _CAST and eqn.outvars[0] is var:
      var = eqn.invars[0]
  return var


def _places(leaves: Any, head: Path) -> dict[Path, Path]:
  """Paths in a `Net` for the leaves of a module: the layer at `head` becomes "head"."""
  taken = "head"  # what else the module calls so gets another name
  while any(path[0] == taken for path in leaves) or taken == "head":
    taken += "_"
  places: dict[Path, Path] = {}
  for path in leaves:
    if path[:-1] == head:
      places["head", path[-1]] = path
    else:
      places[(taken, *path[1:]) if path[0] == "head" else path] = path
  return places
