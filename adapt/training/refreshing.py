"""Runs a method's refresh at its own steps, wherever evaluations cut the training."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.method import Method
from adapt.training import devices, feed, resident
from adapt.training.program import Mapped, Program


def due(refreshes: int, steps: int) -> list[int]:
  """Returns the steps before which a method looks at its data: 0, and equal shares of the run.

  Raises:
    ValueError: less than one refresh.
  """
  if refreshes < 1:
    raise ValueError(f"refreshes is {refreshes}: choose at least 1")
  return sorted({i * steps // refreshes for i in range(refreshes)})


def from_device(
  cells: Program,
  layout: devices.Layout,
  arrays: resident.Arrays,
  method: Method,
  steps: int,
  done: int = 0,
) -> feed.Feed:
  """Feeds from the device, with the method's refreshes where it has any.

  Args:
    cells: the program.
    layout: where it runs.
    arrays: whole training sets on the device.
    method: its traits.
    steps: the length of the run.
    done: first step, when a run continues.
  """
  fed = feed.from_device(cells, layout, arrays)
  if method.refresh is None:
    return fed

  def refresh(mapped: Mapped) -> Mapped:
    looked: Mapped = devices.settled(layout, cells.refresh(mapped, arrays))
    return looked

  return refreshed(fed, refresh, due(method.refreshes, steps), done)


def refreshed(
  fed: feed.Feed, refresh: Callable[[Mapped], Mapped], at: list[int], done: int = 0
) -> feed.Feed:
  """Wraps a feed so that the state is refreshed just before the steps that are due.

  A checkpoint is saved before what is due at its step, so that a run that continues does it then.

  Args:
    fed: runs the steps.
    refresh: the state after a look at the whole training sets.
    at: the steps that are due, as `due` returns them.
    done: first step, when a run continues.
  """
  now = [done]

  def advance(mapped: Mapped, length: int) -> tuple[Mapped, Any]:
    end, parts = now[0] + length, []
    while now[0] < end:
      if now[0] in at:
        mapped = refresh(mapped)
      stop = min([step for step in at if step > now[0]] + [end])
      steps = min(stop, end) - now[0]
      mapped, metrics = fed.advance(mapped, steps)
      parts.append((steps, metrics))
      now[0] += steps
    return mapped, _joined(parts)

  return fed._replace(advance=advance)


def _joined(parts: list[tuple[int, Any]]) -> Any:
  """Combines the metrics of pieces: means over all steps, and the first step with a loss not finite."""
  if len(parts) == 1:
    return parts[0][1]
  return _mean(jnp.asarray([steps for steps, _ in parts]), [metrics for _, metrics in parts])


@jax.jit
def _mean(steps: jax.Array, parts: list[Any]) -> Any:
  bad = jnp.stack([metrics["first_bad"] for metrics in parts])  # [pieces, cells]
  first = jnp.where(bad >= 0, bad + (jnp.cumsum(steps) - steps)[:, None], steps.sum()).min(axis=0)
  means = {
    name: sum(n * metrics[name] for n, metrics in zip(steps, parts, strict=True)) / steps.sum()
    for name in parts[0]
    if name != "first_bad"
  }
  return {**means, "first_bad": jnp.where(first < steps.sum(), first, -1)}
