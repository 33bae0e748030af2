"""Past pseudo-labels of each target example.

Litrico et al., 2023 (arXiv:2303.03770) tell by them which examples may be of one class. A bank of
`memory_bank` keeps them: "labels" [size, slots] of the last visits, and "visits" [size, 1]. The slot of
a visit is their number modulo the slots, so that slots of examples that are visited equally often are
of the same pass over the target.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int

from adapt.losses import memory_bank
from adapt.losses.memory_bank import Bank


def begun(key: jax.Array, size: int, slots: int, classes: int) -> Bank:
  """Create a bank of random labels, of no visits."""
  labels = jax.random.randint(key, (size, slots), 0, classes)
  return {**memory_bank.empty(size, {"visits": 1}), "labels": labels}


def noted(bank: Bank, rows: Int[Array, " b"], labels: Int[Array, " b"]) -> Bank:
  """Write a batch's labels over the oldest ones of its examples."""
  at = rows % len(bank["rows"])
  visits, past = bank["visits"][at], bank["labels"][at]
  slots = past.shape[1]
  now = jnp.arange(slots) == visits % slots
  new = jnp.where(now, labels[:, None].astype(past.dtype), past)
  return memory_bank.remember(bank, {"rows": rows, "visits": visits + 1, "labels": new})


def never_alike(bank: Bank, rows: Int[Array, " b"], others: Int[Array, " m"]) -> Bool[Array, "b m"]:
  """Whether two examples' labels differ in every slot.

  Others of row -1 are nobody's, and false.
  """
  ours, theirs = (bank["labels"][i % len(bank["rows"])] for i in (rows, others))
  return (ours[:, None] != theirs).all(axis=2) & (others >= 0)
