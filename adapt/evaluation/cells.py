"""Maps a function over a program's cells (seeds and swept values)."""

from collections.abc import Callable
from typing import Any

import jax


def over_cells(f: Callable[..., Any]) -> Callable[..., Any]:
  """Maps f over its arguments' leading axis, the cells.

  Cells are seeds and swept values, in one program.

  On a CPU one after the other, because batching small products costs more than it saves there; on
  an accelerator side by side.
  """
  return in_turn(f) if jax.default_backend() == "cpu" else jax.vmap(f)


def in_turn(f: Callable[..., Any]) -> Callable[..., Any]:
  """Maps f over its arguments' leading axis, one after the other."""
  return lambda *args: jax.lax.map(lambda a: f(*a), args)
