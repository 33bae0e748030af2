"""How inputs reach the step: from arrays on the device, or decoded on the host while the device works."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt.data import Domain
from adapt.experiments.experiment import Request, points
from adapt.method import Method
from adapt.training import devices, resident, stream
from adapt.training.program import Mapped, Program

KINDS = ("auto", "device", "stream")


class Feed(NamedTuple):
  """Trains a chunk and says how long it has waited for inputs so far."""

  advance: Callable[[Mapped, int], tuple[Mapped, Any]]  # (mapped, steps) -> (mapped, metrics)
  waited: Callable[[], float] = lambda: 0.0  # seconds
  close: Callable[[], None] = lambda: None


def streams(request: Request, method: Method, sources: Sequence[Domain], target: Domain) -> bool:
  """Whether inputs are decoded batch by batch rather than put on the device whole.

  Raises:
    ValueError: streamed inputs asked for, or needed, where all are needed at once.
  """
  kind = request.feed.kind
  if kind not in KINDS:
    raise ValueError(f"unknown feed '{kind}': choose from {', '.join(KINDS)}")
  size = sum(d.train.x.nbytes for d in (*sources, target))
  used = devices.of_cells(request.layout, len(request.seeds) * len(points(request)))
  streamed = kind == "stream" or (kind == "auto" and size > devices.budget(used))
  reason = None
  if method.refresh is not None:
    reason = f"{request.method} looks at the whole training set between steps"
  elif request.weights:
    reason = f"--weights {request.weights.name} compares the whole training sets"
  if streamed and reason:
    raise ValueError(
      f"{reason}, and these inputs are streamed ({size / 2**30:.1f} GiB decoded): use "
      "--cache-features with a frozen backbone, a smaller --image-size, or --feed device"
    )
  return streamed


def from_device(cells: Program, layout: devices.Layout, arrays: resident.Arrays) -> Feed:
  """A chunk is one compiled program that draws its own batches."""

  def advance(mapped: Mapped, length: int) -> tuple[Mapped, Any]:
    mapped, metrics = devices.settled(layout, cells.chunk(length)(mapped, arrays))
    return mapped, devices.fetch(layout, metrics)

  return Feed(advance)


def from_host(
  request: Request,
  cells: Program,
  arrays: resident.Arrays,
  load: stream.Loader,
  copies: int,
  start: int = 0,
) -> Feed:
  """A step is one compiled program; batches are decoded and sent to the device ahead of it.

  Args:
    request: steps, seeds, layout and the number of workers are read.
    cells: the program.
    arrays: labels, weights and domains on the device; inputs None.
    load: makes the batch of a step.
    copies: swept points per seed.
    start: first step, when a run continues.
  """
  layout, batch = request.layout, request.settings.batch_size
  steps, seeds = request.settings.steps, len(request.seeds)
  load = load._replace(own=devices.own_rows(layout, batch))

  def put(fed: stream.Fed) -> stream.Fed:
    if load.own is None:
      return devices.put_shared(layout, fed)
    inputs = {n: getattr(fed, n) for n in ("xs", "xt", "xl")}
    rows = devices.put_shared(layout, fed._replace(xs=None, xt=None, xl=None))
    shares = {n: devices.put_rows(layout, x, batch) for n, x in inputs.items() if x is not None}
    return rows._replace(**shares)

  which = devices.put_stacked(layout, jnp.tile(jnp.arange(seeds), copies))
  made = stream.batches(load.at, start, steps, request.feed.workers)
  coming = stream.on_device(made, put)
  waited, behind = [0.0], devices.ahead(layout)

  def advance(mapped: Mapped, length: int) -> tuple[Mapped, Any]:
    past: list[Any] = []
    total: Any = None
    for i in range(length):
      began = time.perf_counter()
      fed = next(coming)
      waited[0] += time.perf_counter() - began
      mapped, metrics = devices.settled(layout, cells.fed((mapped, which), (arrays, fed)))
      past.append(devices.fetch(layout, metrics))
      if total is None:
        none = jnp.full(past[0]["loss"].shape, -1)
        total = {**jax.tree.map(jnp.zeros_like, past[0]), "first_bad": none}
      total = _added(total, past[-1], i)
      if (
        len(past) > behind
      ):  # steps are dispatched ahead of the device, but inputs must not pile up
        jax.block_until_ready(past.pop(0))
    assert total is not None
    first_bad = total.pop("first_bad")
    return mapped, {**{n: v / length for n, v in total.items()}, "first_bad": first_bad}

  return Feed(advance, lambda: waited[0], made.close)


@jax.jit
def _added(total: Any, metrics: Any, i: jax.Array) -> Any:
  """Sums of the metrics so far, each [cells], and the first step whose loss was not finite, or -1."""
  bad = ~jnp.isfinite(metrics["loss"])
  first_bad = jnp.where((total["first_bad"] < 0) & bad, i, total["first_bad"])
  sums = {name: total[name] + value for name, value in metrics.items()}
  return {**sums, "first_bad": first_bad}
