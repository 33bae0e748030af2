"""From a linen module to a `Net` of pure functions."""

from collections.abc import Callable
from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.augment.image_ops import as_float
from adapt.method import Net
from adapt.models.general_conv import conv_general_dilated
from adapt.models.library import Library, Path, Watch, called_with


def as_net(module: nn.Module) -> Net:
  """Wraps a module whose __call__(x, train) returns (features, logits).

  Images of type uint8 are scaled to [-1, 1] here, on the device, so that a data set stays at one
  byte per pixel until it is used. Features and logits come back as float32 whatever the compute type.
  """

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    variables = module.init(key, as_float(x[:1]), train=False)
    return variables["params"], variables.get("batch_stats", {})

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    variables = {"params": params, "batch_stats": stats}
    if not train:
      features, logits = cast(Any, module.apply(variables, as_float(x), train=False))
      return (features.astype(jnp.float32), logits.astype(jnp.float32)), stats
    rngs = None if key is None else {"dropout": key}
    (features, logits), new = module.apply(
      variables, as_float(x), train=True, rngs=rngs, mutable=["batch_stats"]
    )
    outputs = features.astype(jnp.float32), logits.astype(jnp.float32)
    return outputs, new.get("batch_stats", stats)

  return Net(init, apply)


def library(module: nn.Module, axis: str | None, name: str) -> Library:
  """A user's linen module as pure functions of its parameters.

  Stats are by collection.

  Args:
    module: the module.
    axis: device axis over which batch statistics are averaged.
    name: of the network, for what a ValueError says.

  Raises:
    ValueError: its __call__ needs more than inputs.
  """
  run_module: Any = module.apply  # its flags are of no type that linen knows
  start_module: Any = module.init
  flags = called_with(module.__call__, name)

  def start(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    variables = dict(nn.meta.unbox(start_module(key, x, **flags(False))))
    return variables.pop("params", {}), variables

  def run(
    params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None, watch: Watch
  ) -> tuple[Any, Any]:
    inside: list[Path] = []  # a subclass of nn.Dense that calls its parent's __call__ is one layer

    def call(
      usual: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
    ) -> Any:
      layer = context.module
      if isinstance(layer, nn.BatchNorm) and layer.axis_name is None:
        object.__setattr__(layer, "axis_name", axis)  # of a copy: `apply` clones the module
      if train and isinstance(layer, nn.Conv) and layer.conv_general_dilated is None:
        object.__setattr__(layer, "conv_general_dilated", conv_general_dilated)
      if not isinstance(layer, nn.Dense) or context.method_name != "__call__":
        return usual(*args, **kwargs)
      inside.append(layer.path)
      out = usual(*args, **kwargs)
      inside.pop()
      if layer.path not in inside:
        watch(layer.path, args[0] if args else kwargs["inputs"], out)
      return out

    # Streams of another name than dropout's fall back on that of params.
    rngs = None if key is None else {"dropout": key, "params": jax.random.fold_in(key, 1)}
    with nn.intercept_methods(call):
      if not train:
        return run_module({"params": params, **stats}, x, **flags(False)), stats
      outputs, new = run_module(
        {"params": params, **stats}, x, rngs=rngs, mutable=list(stats), **flags(True)
      )
    # A collection that grows with every call, as sown values do, stays as it was.
    return outputs, {c: new[c] if _alike(new[c], stats[c]) else stats[c] for c in stats}

  return Library(start, run)


def _alike(a: Any, b: Any) -> bool:
  first, second = (cast(Any, jax.tree.structure(tree)) for tree in (a, b))
  return bool(first == second)
