"""Networks at test time: batch-norm under mixed statistics, no dropout."""

from collections.abc import Callable
from typing import Any, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net, Outputs


class Forward(Protocol):
  """Features [b, d] and logits [b, k] of x [b, ...].

  `source` is the weight of the source's running statistics in every batch-norm, the rest being that
  of the batch's own: 1 is evaluation, 0 is training without dropout.
  """

  def __call__(
    self, params: Any, stats: Any, x: jax.Array, /, source: jax.Array | float
  ) -> Outputs: ...


def forward(net: Net) -> Forward:
  """A linen network with its batch statistics in the caller's hand.

  Means and variances are mixed linearly, as in eq. 3 of Schneider et al. (2020, arXiv:2006.16971).
  Running statistics are read and never moved. The batch's variance is the biased one, as in training.

  Raises (when called):
    ValueError: the network has batch statistics that no linen BatchNorm reads.
  """

  def run(params: Any, stats: Any, x: jax.Array, source: jax.Array | float) -> Outputs:
    norms: list[nn.Module] = []

    def call(
      usual: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
    ) -> Any:
      layer = context.module
      if context.method_name == "__call__" and isinstance(layer, nn.Dropout):
        return args[0]
      if context.method_name == "__call__" and isinstance(layer, nn.BatchNorm):
        norms.append(layer)
        return _normed(layer, args[0], source)
      return usual(*args, **kwargs)

    with nn.intercept_methods(call):
      # As in training, so that a CPU takes the convolutions whose gradients are fast there.
      outputs, _ = net.apply(params, stats, x, train=True, key=None)
    if jax.tree.leaves(stats) and not norms:
      raise ValueError("test-time methods read linen's BatchNorm: this network has none")
    return outputs

  return run


def _normed(layer: nn.BatchNorm, x: jax.Array, source: jax.Array | float) -> jax.Array:
  """Batch-norm of x [b, ..., c] under source · running + (1 - source) · batch statistics."""
  wide = x.astype(jnp.float32)
  axes = tuple(range(x.ndim - 1))
  running: Any = layer.variables["batch_stats"]
  mean, var = running["mean"], running["var"]
  if isinstance(source, jax.Array) or source != 1.0:  # else no example may know of its neighbours
    mean = source * mean + (1 - source) * wide.mean(axes)
    var = source * var + (1 - source) * wide.var(axes)
  out = (wide - mean) * jax.lax.rsqrt(var + layer.epsilon)
  learnt: Any = layer.variables.get("params", {})
  out = out * learnt.get("scale", 1.0) + learnt.get("bias", 0.0)
  return out.astype(x.dtype if layer.dtype is None else layer.dtype)
