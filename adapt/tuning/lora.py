"""LoRA: low-rank updates of frozen kernels (Hu et al., ICLR 2022, arXiv:2106.09685)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict, unflatten_dict

from adapt.method import Net
from adapt.tuning import Path, Progress, Tuning


def lora(*, rank: int = 4, alpha: float = 4.0) -> Tuning:
  """Trains low-rank updates of the body's kernels, and the whole head.

      min  loss      by A, B and the head
      W = W⁰ + alpha / rank · A B  for each kernel W of the body

  Equation 3 of the paper, written for kernels that multiply from the right: A [in, rank] is random
  and B [rank, out] zero, so that the start is exactly the source model. A convolution's kernel
  [h, w, in, out] counts as a matrix [h·w·in, out]. Biases and scales of the body stay frozen.

  Where re-implementations go wrong: with both factors random the start is not the source model,
  with both zero no gradient ever reaches either; and without the division by the rank, another
  rank needs another learning rate.

  Args:
    rank: of the updates.
    alpha: their scale, before the division by the rank.
  """
  if rank < 1:
    raise ValueError(f"rank is {rank}: choose at least 1")

  def wrap(net: Net, progress: Progress) -> Net:
    del progress

    def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
      params, stats = net.init(key, x)  # the key it would get without LoRA: the same start
      frozen = {name: entry for name, entry in params.items() if name != "head"}
      factors = _factors(jax.random.fold_in(key, 1), frozen, rank)
      moving = {"head": params["head"], "lora": unflatten_dict(factors)}
      return moving, {"inner": stats, "frozen": frozen}

    def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
      body = updated(stats["frozen"], params["lora"], alpha / rank)
      whole = {"head": params["head"], **body}
      outputs, inner = net.apply(whole, stats["inner"], x, train, key)
      return outputs, {"inner": inner, "frozen": stats["frozen"]}

    return Net(init, apply)

  return Tuning(wrap)


def updated(body: Any, factors: Any, scale: jax.Array | float) -> Any:
  """The body with scale · A B added to kernels with factors.

  The factors of a kernel are {"a": A, "b": B}.
  """
  leaves, factors = flatten_dict(body), flatten_dict(factors)
  for path in [path for path in leaves if (*path, "a") in factors]:
    low_rank = factors[(*path, "a")] @ factors[(*path, "b")]  # [h·w·in, out]
    leaves[path] = leaves[path] + scale * low_rank.reshape(leaves[path].shape)
  return unflatten_dict(leaves)


def _factors(key: jax.Array, body: Any, rank: int) -> dict[Path, jax.Array]:
  """A ~ N(0, 1/in) and B = 0 for every kernel, at the kernel's path."""
  kernels = {path: leaf for path, leaf in flatten_dict(body).items() if path[-1] == "kernel"}
  if not kernels:
    raise ValueError("the network's body has no kernel for LoRA to update: choose another tuning")
  factors = {}
  for k, (path, kernel) in zip(jax.random.split(key, len(kernels)), kernels.items(), strict=True):
    rows, columns = math.prod(kernel.shape[:-1]), kernel.shape[-1]
    factors[(*path, "a")] = jax.random.normal(k, (rows, rank), kernel.dtype) / math.sqrt(rows)
    factors[(*path, "b")] = jnp.zeros((rank, columns), kernel.dtype)
  return factors
