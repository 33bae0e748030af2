"""Feeds inputs to the training step, from the device or the host.

On the host they are decoded while the device works.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt.data import Domain
from adapt.method import Method
from adapt.training import devices, live, resident, stream
from adapt.training.program import Mapped, Program
from adapt.training.setup import Setup

KINDS = ("auto", "device", "stream")


class Feed(NamedTuple):
  """Runs training chunks and measures how long they waited for inputs."""

  advance: Callable[[Mapped, int], tuple[Mapped, Any]]  # (mapped, steps) -> (mapped, metrics)
  waited: Callable[[], float] = lambda: 0.0  # seconds
  close: Callable[[], None] = lambda: None


def streams(
  setup: Setup, method: Method, sources: Sequence[Domain], target: Domain, cells: int
) -> bool:
  """Whether to stream inputs batch by batch instead of storing them whole.

  Args:
    setup: what is trained.
    method: its traits.
    sources: of the task.
    target: of the task.
    cells: points × seeds of the program.

  Raises:
    ValueError: streamed inputs asked for, or needed, where all are needed at once.
  """
  kind = setup.feed.kind
  if kind not in KINDS:
    raise ValueError(f"unknown feed '{kind}': choose from {', '.join(KINDS)}")
  size = sum(d.train.x.nbytes for d in (*sources, target))
  used = devices.of_cells(setup.layout, cells)
  streamed = kind == "stream" or (kind == "auto" and size > devices.budget(used))
  reason = None
  if method.refresh is not None:
    reason = f"{setup.method.name} looks at the whole training set between steps"
  elif setup.weighting:
    reason = f"--weights {setup.weighting.name} compares the whole training sets"
  if streamed and reason:
    raise ValueError(
      f"{reason}, and these inputs are streamed ({size / 2**30:.1f} GiB decoded): use "
      "--cache-features with a frozen backbone, a smaller --image-size, or --feed device"
    )
  return streamed


def from_device(cells: Program, layout: devices.Layout, arrays: resident.Arrays) -> Feed:
  """Feeds from the device: a chunk is one compiled program.

  It draws its own batches.
  """

  def advance(mapped: Mapped, length: int) -> tuple[Mapped, Any]:
    mapped, metrics = devices.settled(layout, cells.chunk(length)(mapped, arrays))
    return mapped, devices.fetch(layout, metrics)

  return Feed(advance)


def from_host(
  setup: Setup,
  cells: Program,
  arrays: resident.Arrays,
  load: stream.Loader,
  copies: int,
  start: int = 0,
) -> Feed:
  """Feeds host-decoded batches, sent ahead, to a compiled single step.

  Args:
    setup: steps, seeds, layout and the number of workers are read.
    cells: the program.
    arrays: labels, weights and domains on the device; inputs None.
    load: makes the batch of a step.
    copies: swept points per seed.
    start: first step, when a run continues.
  """
  layout, batch = setup.layout, setup.settings.batch_size
  steps, seeds = setup.settings.steps, len(setup.seeds)
  load = load._replace(own=devices.own_rows(layout, batch))

  def put(fed: stream.Fed) -> stream.Fed:
    if load.own is None:
      return devices.put_shared(layout, fed)
    inputs = {n: getattr(fed, n) for n in ("xs", "xt", "xl")}
    rows = devices.put_shared(layout, fed._replace(xs=None, xt=None, xl=None))
    shares = {n: devices.put_rows(layout, x, batch) for n, x in inputs.items() if x is not None}
    return rows._replace(**shares)

  which = devices.put_stacked(layout, jnp.tile(jnp.arange(seeds), copies))
  made = stream.batches(load.at, start, steps, setup.feed.workers)
  coming = stream.on_device(made, put)
  waited, behind, done = [0.0], devices.ahead(layout), [start]

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
      if len(past) > behind:  # steps go ahead of the device, but inputs must not pile up
        jax.block_until_ready(past.pop(0))
        done[0] += 1
        live.counted(done[0])
    done[0] += len(past)
    assert total is not None
    first_bad = total.pop("first_bad")
    return mapped, {**{n: v / length for n, v in total.items()}, "first_bad": first_bad}

  return Feed(advance, lambda: waited[0], made.close)


@jax.jit
def _added(total: Any, metrics: Any, i: jax.Array) -> Any:
  """Accumulates metrics [cells] and the first step with non-finite loss, or -1."""
  bad = ~jnp.isfinite(metrics["loss"])
  first_bad = jnp.where((total["first_bad"] < 0) & bad, i, total["first_bad"])
  sums = {name: total[name] + value for name, value in metrics.items()}
  return {**sums, "first_bad": first_bad}
