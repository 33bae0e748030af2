"""Memory queue of recent target examples for neighbour look-ups.

Methods use it to look up an example's neighbours.

The papers keep one entry per target example, replaced at each visit. A method here does not know how
many there are, so it keeps the last visits, each with its example's row: an earlier visit of the
example that asks is never its neighbour.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses import ops

# "rows" [size] of the examples, -1 where none was; "features" [size, d]; what else is remembered
Queue = dict[str, jax.Array]


def empty(size: int, widths: dict[str, int], least: int = 0) -> Queue:
  """Create an empty queue of zeros [size, width] by name.

  No example was seen, so that all row numbers are -1.

  ValueError where it is to hold `least` entries, a whole batch, and cannot.
  """
  if size < least:
    raise ValueError(f"a memory of {size} cannot hold a batch of {least}: choose {least} or more")
  kept = {name: jnp.zeros((size, width)) for name, width in widths.items()}
  return {"rows": jnp.full(size, -1, jnp.int32), **kept}


def check(size: int, neighbours: int, own: int = 0) -> None:
  """Raise ValueError unless enough neighbours can be looked up.

  An example's own entries do not count as neighbours.
  """
  if size <= own:
    raise ValueError(f"a memory of {size} holds no neighbour: choose a larger one")
  if not 0 < neighbours <= size - own:
    raise ValueError(f"{neighbours} neighbours in a memory of {size}: choose 1 to {size - own}")


def nearest(
  queue: Queue, features: Float[Array, "b d"], neighbours: int, rows: Int[Array, " b"]
) -> Int[Array, "b n"]:
  """Find each example's nearest entries by inner product.

  An example's own entries are left out.
  """
  near = jnp.matmul(features, queue["features"].T, precision=lax.Precision.HIGHEST)  # [b, size]
  near = jnp.where(rows[:, None] == queue["rows"], -jnp.inf, near)
  return lax.top_k(near, neighbours)[1]


def unit(features: Float[Array, "b d"]) -> Float[Array, "b d"]:
  """Normalise features to length 1.

  Those of length 0 stay.
  """
  return features / jnp.maximum(ops.length(features)[:, None], 1e-12)


def remember(queue: Queue, new: Queue) -> Queue:
  """Push a batch onto the queue and drop the oldest entries."""
  return jax.tree.map(lambda n, old: jnp.concatenate([n, old])[: len(old)], new, queue)
