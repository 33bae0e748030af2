"""Refuses models that take too much memory or hold no usable numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt.data import npy
from adapt.deploy.rebuilt import Rebuilt, named

ROOM = 2**28  # bytes that a method's state may take, whatever the size of the file
WORTH = 256  # bytes of it for a byte of a larger file


def check_room(made: Rebuilt, reads: set[str], size: int) -> None:
  """Raises for a state far larger than the file explains.

  The state's memory is limited in proportion to the file.

  What predictions do not read, such as a queue of examples, is not in the file but has its shape.

  Args:
    made: the model, not filled yet.
    reads: paths of the arrays that the file holds.
    size: bytes of the file.

  Raises:
    ValueError: the reason, without the file's name.
  """
  rest = made.state._replace(params=(), state=(), opt=(), key=())
  leaves = [leaf for where, leaf in named(made.trained).items() if where not in reads]
  room = sum(leaf.size * leaf.dtype.itemsize for leaf in [*leaves, *jax.tree.leaves(rest)])
  most = min(max(ROOM, WORTH * size), npy.memory() // 4)
  if room > most:
    raise ValueError(f"its method's state takes {room / 2**20:.0f} MiB, over {most / 2**20:.0f}")


def check_finite(file: Path, arrays: Mapping[str, Any]) -> None:
  """Raises ValueError for numbers from which no prediction can be made."""
  for where, array in arrays.items():
    if jnp.issubdtype(array.dtype, jnp.inexact) and not np.isfinite(array).all():
      raise ValueError(
        f"{file} has NaN or infinite numbers in {where}, with which every prediction is void: copy "
        "it again, or train it again with --save-model"
      )
