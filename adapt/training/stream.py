"""Streams data sets larger than memory, decoded on the host by grain.

Batches come in the order in which the device would draw them.

The order is `resident.plan`'s, a function of the seed and the step. So it does not depend on how
many threads or worker processes decode, and a run continues at any step by asking for it.
"""

import functools
import importlib.util
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import extras
from adapt.training import decoders, resident

_CHUNK = 512  # steps planned at once, so that a pass's permutation is not drawn again at every step


class Fed(NamedTuple):
  """Inputs and row numbers of one step, for each seed."""

  source: Any  # [seeds, b] rows of the source
  target: Any  # [seeds, b] rows of the target
  few: Any  # [seeds, k] places among the labelled examples, or None
  xs: Any  # [seeds, b, ...] source inputs
  xt: Any  # [seeds, b, ...] target inputs
  xl: Any  # [seeds, k, ...] labelled target inputs, or None


class Schedule(NamedTuple):
  """Rows that each seed draws at each step."""

  source: np.ndarray  # [steps, seeds, b]
  target: np.ndarray  # [steps, seeds, b]
  few: np.ndarray | None  # [steps, seeds, k] places among the labelled examples
  labelled: np.ndarray | None  # [steps, seeds, k] rows of the target


def schedule(
  orders: jax.Array,
  sizes: resident.Sizes,
  batch: int,
  steps: int,
  labelled: np.ndarray | None = None,
) -> Schedule:
  """Builds the row schedule of the whole run.

  Args:
    orders: a random key per seed, [seeds].
    sizes: how many examples there are.
    batch: examples of each domain a step.
    steps: the length of the run.
    labelled: rows of the target that are declared labelled, [seeds, n].
  """

  def one(key: jax.Array, start: jax.Array) -> Any:
    return resident.plans(key, sizes, batch, start, _CHUNK)

  planned = jax.jit(jax.vmap(one, in_axes=(0, None)))
  starts = range(0, steps, _CHUNK)
  parts = [jax.device_get(planned(orders, jnp.asarray(start))) for start in starts]

  def whole(i: int) -> np.ndarray:
    return np.concatenate([part[i] for part in parts], axis=1)[:, :steps].swapaxes(0, 1)

  if labelled is None:
    return Schedule(whole(0), whole(1), None, None)
  few = whole(2)
  rows = np.stack([labelled[s][few[:, s]] for s in range(len(labelled))], axis=1)
  return Schedule(whole(0), whole(1), few, rows)


class Loader(NamedTuple):
  """Loads a step's batch; picklable for worker processes."""

  schedule: Schedule
  xs: tuple[Any, ...]  # inputs of each source domain: arrays or encoded images
  xt: Any
  own: np.ndarray | None = None  # places in the batch whose inputs are wanted; None: all

  def at(self, step: int) -> Fed:
    """Loads one step's inputs on the host."""
    plan = self.schedule

    def wanted(rows: np.ndarray) -> np.ndarray:
      return rows[step] if self.own is None else rows[step][:, self.own]

    source = gathered(self.xs, wanted(plan.source))
    target = gathered((self.xt,), wanted(plan.target))
    few = None if plan.few is None else plan.few[step]
    labelled = None if plan.labelled is None else gathered((self.xt,), wanted(plan.labelled))
    return Fed(plan.source[step], plan.target[step], few, source, target, labelled)


def gathered(sets: tuple[Any, ...], rows: np.ndarray) -> np.ndarray:
  """Gathers examples from concatenated sets: rows [seeds, b] → [seeds, b, ...]."""
  flat = rows.ravel()
  out = np.empty((len(flat), *sets[0].shape[1:]), sets[0].dtype)
  first = 0
  for x in sets:
    here = (flat >= first) & (flat < first + len(x))
    out[here] = x[flat[here] - first]
    first += len(x)
  return out.reshape(*rows.shape, *out.shape[1:])


def batches(
  load: Callable[[int], Fed], start: int, steps: int, workers: int, ahead: int = 4
) -> Generator[Fed, None, None]:
  """Yields the batches of steps start … steps - 1, decoded ahead.

  Args:
    load: makes the batch of a step.
    start: first step, so that a run continues where it stopped.
    steps: where the run ends.
    workers: processes that decode; 0 means threads of this process.
    ahead: batches made before they are asked for, by each process.
  """
  if importlib.util.find_spec("grain") is None:
    raise ValueError(f"sets larger than memory need grain: {extras.install('images')}")
  wanted, by_threads = range(start, steps), functools.partial(_by_threads, load, ahead)
  yield from decoders.batches(by_threads, wanted, workers) if workers else by_threads(wanted)


def _by_threads(load: Callable[[int], Fed], ahead: int, steps: range) -> Generator[Fed, None, None]:
  import grain

  options = grain.ReadOptions(num_threads=ahead, prefetch_buffer_size=ahead)
  wanted = grain.MapDataset.range(steps.start, steps.stop, steps.step)
  iterator = iter(wanted.map(load).to_iter_dataset(options))
  try:
    yield from iterator
  finally:
    iterator.close()


def on_device(made: Iterator[Fed], put: Callable[[Fed], Any], depth: int = 2) -> Iterator[Any]:
  """Yields device batches, transferring `depth` of them ahead of use."""
  queue: deque[Any] = deque()
  for batch in made:
    queue.append(put(batch))
    if len(queue) > depth:
      yield queue.popleft()
  yield from queue
