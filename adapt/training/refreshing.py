"""Runs a method's refresh at its own steps.

They do not depend on where evaluations and signals cut the training.
"""

from collections.abc import Callable

from adapt.training.feed import Feed
from adapt.training.history import Block
from adapt.training.program import Mapped


def due(refreshes: int, steps: int) -> list[int]:
  """Returns the steps before which a method is refreshed.

  They are 0 and equal shares of the run.

  Raises:
    ValueError: less than one refresh.
  """
  if refreshes < 1:
    raise ValueError(f"refreshes is {refreshes}: choose at least 1")
  return sorted({i * steps // refreshes for i in range(refreshes)})


def refreshed(fed: Feed, refresh: Callable[[Mapped], Mapped], at: list[int], done: int = 0) -> Feed:
  """Wraps a feed so that the state is refreshed when due.

  The refresh comes just before such a step. A checkpoint is saved before what is due at its step,
  so that a run that continues does it then.

  Args:
    fed: runs the steps.
    refresh: the state after a look at the whole training sets.
    at: the steps that are due, as `due` returns them.
    done: first step, when a run continues.
  """
  now = done

  def piece(mapped: Mapped, steps: int) -> tuple[Mapped, list[Block]]:
    nonlocal now
    end = now + steps
    blocks: list[Block] = []
    while now < end:
      if now in at:
        mapped = refresh(mapped)
      stop = min([end, *(step for step in at if step > now)])
      mapped, new = fed.piece(mapped, stop - now)
      blocks += new
      now = stop
    return mapped, blocks

  return fed._replace(piece=piece)
