"""From a linen module to a `Net` of pure functions."""

from typing import Any, cast

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.augment.image_ops import as_float
from adapt.method import Net


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
