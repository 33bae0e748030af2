"""Draws the rows of coming batches.

Methods share the program where their sets are of equal sizes.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from adapt.evaluation import cells
from adapt.training import devices, resident, shared_step
from adapt.training.settings import Settings


class Drawing(NamedTuple):
  """What a program that draws rows depends on, whatever is trained."""

  sizes: resident.Sizes  # of the sets that rows are drawn from
  batch_size: int
  length: int  # steps whose rows are drawn at once
  by_weight: float | None  # the step from which source rows are drawn by weight; None: never
  layout: devices.Layout


@functools.lru_cache(maxsize=64)
def program(drawing: Drawing) -> Callable[..., resident.Rows]:
  """Builds a program that draws every cell's rows of its next steps.

  It takes the cells' keys and steps, and weights [n] of source examples, or None where none count.
  """
  sizes, batch_size, length, by_weight, layout = drawing

  def run(stacked: tuple[jax.Array, jax.Array], ws: jax.Array | None) -> Any:
    def one(key: jax.Array, step: jax.Array) -> resident.Rows:
      order = jax.random.fold_in(key, shared_step.ORDER)
      rows = resident.plans(order, sizes, batch_size, step, length)
      if by_weight is None or ws is None:
        return rows
      own = jax.random.fold_in(order, 1)
      return resident.resampled(rows[0], own, ws, step, by_weight), *rows[1:]

    return cells.over_cells(one)(*stacked)

  return devices.compiled(run, layout)


def of(
  settings: Settings, layout: devices.Layout, examples: tuple[int, int] | None
) -> Callable[[int], Callable[..., resident.Rows]]:
  """Finds the programs that draw batches as rows of sets.

  Args:
    settings: of the run.
    layout: of its devices.
    examples: of a task's sets, where several tasks' lie together.

  Returns:
    n -> ((mapped, arrays) -> rows of the next n steps), of the cells' states and what lies on the device.
  """
  by_weight = settings.defer * settings.steps if settings.resample else None

  def drawn(length: int) -> Callable[..., resident.Rows]:
    def rows(mapped: Any, arrays: resident.Arrays) -> resident.Rows:
      sizes = resident.sizes(arrays, mapped.labelled, examples)
      asked = Drawing(sizes, settings.batch_size, length, by_weight, layout)
      return program(asked)(
        (mapped.ts.key, mapped.ts.step), arrays.ws if settings.resample else None
      )

    return rows

  return drawn
