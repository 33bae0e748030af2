"""Feeds inputs to the training step, from the device or the host.

On the host they are decoded while the device works.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt.data import Domain
from adapt.method import Method
from adapt.training import devices, live, resident, stream
from adapt.training.history import Block, means, per_step
from adapt.training.pace import MOST
from adapt.training.program import Mapped, Program
from adapt.training.setup import Setup

KINDS = ("auto", "device", "stream")


class Feed(NamedTuple):
  """Runs training steps in order, and measures the wait for inputs.

  Each piece runs after the one before.
  """

  piece: Callable[[Mapped, int], tuple[Mapped, list[Block]]]  # (mapped, steps ≤ most)
  most: int = MOST
  waited: Callable[[], float] = lambda: 0.0  # seconds
  close: Callable[[], None] = lambda: None

  def advance(self, mapped: Mapped, steps: int) -> tuple[Mapped, dict[str, Any]]:
    """Takes steps; returns the state and the metrics' means [cells]."""
    blocks: list[Block] = []
    for start in range(0, steps, self.most):
      mapped, new = self.piece(mapped, min(self.most, steps - start))
      blocks += new
    return mapped, means(per_step(blocks))


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


def from_device(cells: Program, layout: devices.Layout, arrays: resident.Arrays, room: int) -> Feed:
  """Feeds from the device: a piece of any length is one program.

  Args:
    cells: the program.
    layout: of its devices.
    arrays: inputs and labels on the device.
    room: steps whose batches are drawn at once, as a permutation of a large set takes long.
  """
  most, used, rows = min(MOST, room), room, None

  def piece(mapped: Mapped, steps: int) -> tuple[Mapped, list[Block]]:
    nonlocal used, rows
    if used + steps > room:
      used, rows = 0, devices.settled(layout, cells.rows(room)(mapped, arrays))
    shared = arrays, devices.put_shared(layout, np.array([used, steps], np.int32))
    (mapped, rows), metrics = devices.settled(layout, cells.piece(most)((mapped, rows), shared))
    used += steps
    return mapped, [(steps, devices.fetch(layout, metrics))]

  return Feed(piece, most)


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

  def piece(mapped: Mapped, steps: int) -> tuple[Mapped, list[Block]]:
    blocks: list[Block] = []
    for i in range(steps):
      began = time.perf_counter()
      fed = next(coming)
      waited[0] += time.perf_counter() - began
      mapped, metrics = devices.settled(layout, cells.fed((mapped, which), (arrays, fed)))
      blocks.append((1, devices.fetch(layout, metrics)))
      if i >= behind:  # steps go ahead of the device, but inputs must not pile up
        blocks[i - behind] = (1, jax.device_get(blocks[i - behind][1]))
        done[0] += 1
        live.counted(done[0])
    done[0] += min(behind, steps)
    return mapped, blocks

  return Feed(piece, MOST, lambda: waited[0], made.close)
