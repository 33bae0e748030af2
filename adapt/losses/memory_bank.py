"""Memory bank of target examples for neighbour look-ups.

There is one entry per target example, replaced at each visit, as in the papers. Where there are more
examples than entries, example i shares entry i modulo their number with others, and the last visitor has
it: a sample over all examples, whatever their order. An example is never its own neighbour.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses import ops

MOST = 16384  # entries by default: with 500 features 33 MB a cell, which each step reads and writes

# "rows" [size] of the examples, -1 where none was; "features" [size, d]; what else is remembered
Bank = dict[str, jax.Array]


def entries(targets: int, most: int, neighbours: int, own: int = 1) -> int:
  """Return a bank's number of entries: one per target example.

  There are at most `most`.

  Args:
    targets: target training examples; 0: unknown, and the bank has as many entries as it may.
    most: entries.
    neighbours: that a look-up is to find.
    own: entries of the example that asks, which are no neighbours of it.

  Raises:
    ValueError: so many neighbours are not there.
  """
  size = min(most, targets) if targets else most
  held = f"{size} target examples" if size < most else f"a memory of {size}"
  if size <= own:
    raise ValueError(f"{held} holds no neighbour: choose a larger one")
  if not 0 < neighbours <= size - own:
    raise ValueError(f"{neighbours} neighbours in {held}: choose 1 to {size - own}")
  return size


def empty(size: int, widths: dict[str, int]) -> Bank:
  """Create a bank of zeros [size, width] by name.

  No example was seen, so that all row numbers are -1.
  """
  kept = {name: jnp.zeros((size, width)) for name, width in widths.items()}
  return {"rows": jnp.full(size, -1, jnp.int32), **kept}


def nearest(
  bank: Bank, features: Float[Array, "b d"], neighbours: int, rows: Int[Array, " b"]
) -> Int[Array, "b n"]:
  """Find each example's nearest entries by inner product.

  An example's own entry is left out. Entries that nobody has visited come after all others.
  """
  near = jnp.matmul(features, bank["features"].T, precision=lax.Precision.HIGHEST)  # [b, size]
  near = jnp.where(bank["rows"] < 0, jnp.finfo(near.dtype).min, near)
  near = jnp.where(rows[:, None] == bank["rows"], -jnp.inf, near)
  return lax.top_k(near, neighbours)[1]


def voted(bank: Bank, features: Float[Array, "b d"], neighbours: int) -> Float[Array, "b k"]:
  """Mean "predictions" of the nearest entries by cosine.

  An example's own entry of an earlier visit has a vote.
  """
  nobody = jnp.full(len(features), -2)
  return bank["predictions"][nearest(bank, unit(features), neighbours, nobody)].mean(axis=1)


def unit(features: Float[Array, "b d"]) -> Float[Array, "b d"]:
  """Normalise features to length 1.

  Those of length 0 stay.
  """
  return features / jnp.maximum(ops.length(features)[:, None], 1e-12)


def remember(bank: Bank, new: Bank) -> Bank:
  """Replace the entries of a batch's examples.

  The batch's "rows" say which examples it has.

  Of examples that share an entry, the last one of the batch has it.
  """
  size, batch = len(bank["rows"]), jnp.arange(len(new["rows"]))
  at = new["rows"] % size
  # Writes to one place have no order, so all but the last are sent outside, where they are dropped.
  again = ((at[:, None] == at) & (batch[:, None] < batch)).any(axis=1)
  at = jnp.where(again, size, at)
  return jax.tree.map(lambda old, value: old.at[at].set(value, mode="drop"), bank, new)


def fill(bank: Bank, everything: dict[str, jax.Array]) -> Bank:
  """Replace all entries by those of the whole target.

  `everything` has arrays [m, width] by name.

  Where examples share an entry, it is a fixed one's, taken evenly from the whole order of examples.
  """
  size, m = len(bank["rows"]), len(everything["features"])
  at = np.arange(min(size, m))
  sharing = (m - 1 - at) // size + 1
  rows = at + at % sharing * size
  new = {"rows": jnp.asarray(rows, jnp.int32), **{n: v[rows] for n, v in everything.items()}}
  return {name: bank[name].at[at].set(value) for name, value in new.items()}
