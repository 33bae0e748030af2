"""A queue of the last target examples seen, for methods that look up an example's neighbours.

The papers keep one entry per target example, replaced at each visit. A method here does not know
which example a row is, so it keeps the last visits instead. As each pass is shuffled anew, the queue
may hold an earlier visit of the example that asks, in about (size / examples)² / 2 of the cases, which
then is its own neighbour: choose a size well below the number of target examples.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt import ops

Queue = dict[str, jax.Array]  # "features" [size, d], and what else is remembered [size, …]


def empty(size: int, widths: dict[str, int], least: int = 0) -> Queue:
  """A queue of zeros [size, width] by name: nothing was seen, and nothing is said of it.

  ValueError where it is to hold `least` entries, a whole batch, and cannot.
  """
  if size < least:
    raise ValueError(f"a memory of {size} cannot hold a batch of {least}: choose {least} or more")
  return {name: jnp.zeros((size, width)) for name, width in widths.items()}


def check(size: int, neighbours: int, own: int = 0) -> None:
  """ValueError unless so many neighbours can be looked up among the entries but an example's own."""
  if size <= own:
    raise ValueError(f"a memory of {size} holds no neighbour: choose a larger one")
  if not 0 < neighbours <= size - own:
    raise ValueError(f"{neighbours} neighbours in a memory of {size}: choose 1 to {size - own}")


def nearest(
  queue: Queue,
  features: Float[Array, "b d"],
  neighbours: int,
  own: Int[Array, " b"] | None = None,
) -> Int[Array, "b n"]:
  """The rows with the largest inner products with each example's features, its own row left out."""
  near = jnp.matmul(features, queue["features"].T, precision=lax.Precision.HIGHEST)  # [b, size]
  if own is not None:
    near = near.at[jnp.arange(len(near)), own].set(-jnp.inf)
  return lax.top_k(near, neighbours)[1]


def unit(features: Float[Array, "b d"]) -> Float[Array, "b d"]:
  """Features of length 1; those of length 0 stay."""
  return features / jnp.maximum(ops.length(features)[:, None], 1e-12)


def remember(queue: Queue, new: Queue) -> Queue:
  """The queue with a batch's entries in front, the oldest dropped."""
  return jax.tree.map(lambda n, old: jnp.concatenate([n, old])[: len(old)], new, queue)
