"""The abstraction everything hangs on: a batch, a network and a method. Read this file first.

A method is a NamedTuple of pure functions made by a keyword-argument factory, in the shape of
`optax.GradientTransformation`. It never sees the optimiser, the devices, the seeds or the data set:
`adapt/train.py` has the one step that trains all of them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

Params = dict[str, Any]  # what gradients reach: {"net": …, "critic": …}
State = dict[str, Any]  # what they do not: batch statistics, teachers, queues
Metrics = dict[str, jax.Array]
Outputs = tuple[jax.Array, jax.Array]  # (features [b, d], logits [b, k])


class Batch(NamedTuple):
  """One training batch. Target labels are absent on purpose: nothing can leak."""

  xs: jax.Array  # [b, ...] source inputs
  ys: jax.Array  # [b] source labels, int32
  ws: jax.Array  # [b] weight of each source example, ones unless a weighting is chosen
  ds: jax.Array  # [b, s] one-hot, which of the s source domains; s is 1 unless the task has several
  xt: jax.Array  # [b, ...] target inputs
  # For methods that read "labelled": [k, ...] target examples that the task declares labelled, and
  # [k] their labels. None for the others.
  xl: Any = None
  yl: Any = None
  it: Any = None  # [b] which target training example each row of xt is, int32


class Net(NamedTuple):
  """A network as pure functions; hides which module library built it.

  `params` is a dict whose entry "head" is the last, linear layer; `stats` is what a training pass
  updates without gradients (batch statistics). Features are what the head reads.
  """

  init: Callable[..., Any]  # (key, x) -> (params, stats)
  apply: Callable[..., Any]  # (params, stats, x, train, key) -> ((features, logits), stats)


class Phase(NamedTuple):
  """One minimisation of a method that alternates several (MCD, ADDA, WDGRL)."""

  loss: Callable[..., Any]  # as Method.loss
  trains: tuple[str, ...]  # the entries of params that this phase moves
  repeat: int = 1  # times per step


def keep(params: Params, state: State) -> State:
  """The default `after_step`: nothing happens between steps."""
  del params
  return state


class Method(NamedTuple):
  """A way to adapt.

  `progress` runs from 0 to 1 over training and drives every schedule; no step counter lives here.
  `loss` may be a tuple of `Phase`s, minimised in order within each step.
  """

  init: Callable[..., Any]  # (key, batch) -> (params, state)
  loss: Any  # (params, state, batch, key, progress) -> (loss, (state, metrics)); or Phases
  predict: Callable[..., Any]  # (params, state, x) -> (features, logits) on the target
  after_step: Callable[..., State] = keep  # (params, state) -> state: EMA teachers
  refresh: Callable[..., State] | None = (
    None  # (params, state, xs, ys, xt) -> state, between chunks
  )
  reads: tuple[str, ...] = ("source", "target")  # of "source", "target", "labelled", "all_labelled"
  starts: str = "scratch"  # or "source": the network of source_only with the same seed
  sources: int = 1  # source domains that it needs at least
  by_example: bool = False  # whether the loss is a mean over examples, so that it can be private
  # Of "closed", "partial", "open" and "universal": how the domains' classes may relate.
  serves: tuple[str, ...] = ("closed", "partial")
