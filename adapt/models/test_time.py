"""Networks at test time: batch-norm under chosen statistics, no dropout."""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net, Outputs

Number = jax.Array | float


class Choice(NamedTuple):
  """What a batch-norm normalises by."""

  source: Number
  weights: jax.Array | None
  instance: Number | None


@dataclasses.dataclass(frozen=True)
class Forward:
  """A linen network with its batch statistics in the caller's hand.

  Calling it gives features [b, d] and logits [b, k] of x [b, ...]. Running statistics are read and
  never moved. A batch's variance is the biased one, as in training.

  Raises (when called):
    ValueError: the network has batch statistics that no linen BatchNorm reads.
  """

  net: Net

  def __call__(
    self,
    params: Any,
    stats: Any,
    x: jax.Array,
    /,
    source: Number,
    *,
    weights: jax.Array | None = None,
    instance: Number | None = None,
  ) -> Outputs:
    """Features and logits.

    Args:
      params: parameters.
      stats: the running statistics.
      x: inputs.
      source: weight of the running statistics in every batch-norm, the rest being that of the
        batch's own: 1 is evaluation, 0 is training without dropout. Means and variances are mixed
        linearly, as in eq. 3 of Schneider et al. (2020, arXiv:2006.16971).
      weights: [b] each example's part in the batch's statistics; all alike if not given.
      instance: an example's own statistics over its pixels replace the mixed ones as far as they
        are more than so many standard errors away (Gong et al., 2022, arXiv:2208.05117).
    """
    return self.observed(params, stats, x, source, weights=weights, instance=instance)[0]

  def observed(
    self,
    params: Any,
    stats: Any,
    x: jax.Array,
    /,
    source: Number,
    *,
    weights: jax.Array | None = None,
    instance: Number | None = None,
  ) -> tuple[Outputs, Any]:
    """As a call, and the batch's statistics instead of running ones.

    Where `source` is the number 1 no batch is looked at, and they are the running ones.
    """
    norms: list[nn.Module] = []
    choice = Choice(source, weights, instance)

    def call(
      usual: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
    ) -> Any:
      layer = context.module
      if context.method_name == "__call__" and isinstance(layer, nn.Dropout):
        return args[0]
      if context.method_name == "__call__" and isinstance(layer, nn.BatchNorm):
        norms.append(layer)
        return _normed(layer, args[0], choice)
      return usual(*args, **kwargs)

    with nn.intercept_methods(call):
      # As in training, so that a CPU takes the convolutions whose gradients are fast there.
      outputs, own = self.net.apply(params, stats, x, train=True, key=None)
    if jax.tree.leaves(stats) and not norms:
      raise ValueError("test-time methods read linen's BatchNorm: this network has none")
    return outputs, own


def _normed(layer: nn.BatchNorm, x: jax.Array, choice: Choice) -> jax.Array:
  """Batch-norm of x [b, ..., c] under source · running + (1 - source) · batch statistics."""
  wide, source = x.astype(jnp.float32), choice.source
  running: Any = layer.variables["batch_stats"]
  mean, var = running["mean"], running["var"]
  if isinstance(source, jax.Array) or source != 1.0:  # else no example may know of its neighbours
    own = _moments(wide, choice.weights)
    if layer.is_mutable_collection("batch_stats"):
      for name, value in zip(("mean", "var"), own, strict=True):
        layer.put_variable("batch_stats", name, value)
    mean, var = (source * a + (1 - source) * b for a, b in zip((mean, var), own, strict=True))
  if choice.instance is not None and x.ndim > 2:
    mean, var = _corrected(wide, mean, var, choice.instance, layer.epsilon)
  out = (wide - mean) * jax.lax.rsqrt(var + layer.epsilon)
  learnt: Any = layer.variables.get("params", {})
  out = out * learnt.get("scale", 1.0) + learnt.get("bias", 0.0)
  return out.astype(x.dtype if layer.dtype is None else layer.dtype)


def _moments(x: jax.Array, weights: jax.Array | None) -> tuple[jax.Array, jax.Array]:
  """Mean and variance [c] of x [b, ..., c]."""
  axes = tuple(range(x.ndim - 1))
  if weights is None:
    return x.mean(axes), x.var(axes)
  w = weights.reshape(-1, *[1] * (x.ndim - 1)) * jnp.ones((*x.shape[:-1], 1))
  total = jnp.maximum(w.sum(), 1e-12)
  mean = (w * x).sum(axes) / total
  return mean, (w * (x - mean) ** 2).sum(axes) / total


def _corrected(
  x: jax.Array, mean: jax.Array, var: jax.Array, errors: Number, epsilon: float
) -> tuple[jax.Array, jax.Array]:
  """Mean and variance [b, 1, ..., c]: the given ones, moved to an example's own where far from it."""
  axes, n = tuple(range(1, x.ndim - 1)), x[0, ..., 0].size
  if n < 2:
    return mean, var
  own_mean, own_var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True, ddof=1)
  wide = var + epsilon

  def beyond(apart: jax.Array, limit: jax.Array) -> jax.Array:
    return jnp.sign(apart) * jnp.maximum(jnp.abs(apart) - limit, 0.0)

  moved = mean + beyond(own_mean - mean, errors * jnp.sqrt(wide / n))
  spread = var + beyond(own_var - var, errors * wide * jnp.sqrt(2 / (n - 1)))
  return moved, jnp.maximum(spread, 0.0)
