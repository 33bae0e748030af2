"""Batch normalisation that draws its statistics, in any linen network (Kou et al., NeurIPS 2020)."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp


@contextlib.contextmanager
def norms(key: jax.Array, p: float) -> Iterator[list[str]]:
  """Context manager in which each batch-norm channel draws its statistics.

  In training a `BatchNorm` normalises each channel by the batch's or the running ones. The layers
  of a network drawn from differ, one key serves them all. They are caught as they are called
  (`linen.intercept_methods`), so that no network has to know of it.

  Args:
    key: decides; the same on all devices, or their shares of a batch are normalised differently.
    p: probability of the batch's statistics.

  Yields:
    The names of the layers caught so far.
  """
  caught: list[str] = []

  def call(
    usual: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
  ) -> Any:
    norm = context.module
    if not isinstance(norm, nn.BatchNorm) or context.method_name != "__call__":
      return usual(*args, **kwargs)
    asked = kwargs.get("use_running_average", args[1] if len(args) > 1 else None)
    if norm.use_running_average or asked:
      return usual(*args, **kwargs)
    caught.append(norm.name or "")
    by_running = _by_running_statistics(norm, args[0])  # before the call moves them
    by_batch = usual(*args, **kwargs)
    own = jax.random.fold_in(key, len(caught))
    of_batch = jax.random.bernoulli(own, p, (by_batch.shape[-1],))
    return jnp.where(of_batch, by_batch, by_running.astype(by_batch.dtype))

  with nn.intercept_methods(call):
    yield caught


def _by_running_statistics(norm: nn.BatchNorm, x: jax.Array) -> jax.Array:
  """What the layer, its channels last, gives in evaluation mode, in float32."""
  stats: list[Any] = [norm.get_variable("batch_stats", name) for name in ("mean", "var")]
  mean, var = stats
  factor = jax.lax.rsqrt(var + norm.epsilon)
  if norm.use_scale:
    factor = factor * norm.get_variable("params", "scale")
  y = (x.astype(jnp.float32) - mean) * factor
  return y + norm.get_variable("params", "bias") if norm.use_bias else y
