"""A method's first steps under any layout, from one start, on a network with batch-norm."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import toy

from adapt.training import arrays as inputs
from adapt.training import devices as parallel
from adapt.training import loop, shared_step
from adapt.training.devices import Layout
from adapt.training.joint_tasks import Part
from adapt.training.program import Mapped

STEPS = 20  # of a run
GOLDEN = 2  # the step whose metrics a method's test file declares


class Start(NamedTuple):
  """Two seeds of a method before their first step."""

  part: Part
  mapped: Mapped
  arrays: Any  # of all but inputs, which come with each step
  load: Any


def start(name: str, tuned: str = "full") -> Start:
  """The method where its training begins: a first look at the training sets, if it takes one, is done."""
  own = toy.needs(name)
  given = own.given if own.layouts is None else own.layouts
  short = {"seeds": (0, 1), "steps": STEPS, "evaluations": 1, "batch_size": own.layouts_batch}
  task = toy.TASKS[own.layouts_task] if own.layouts_task else toy.task_of(name)
  experiment = toy.experiment(name, model="normed", given=given, tuning=tuned, task=task, **short)
  part = Part(experiment.setup, experiment.points, toy.data_of(experiment))
  cells = loop.program_of([part])
  mapped, arrays, _ = loop.placed([part], cells)
  if part.setup.traits(part.points).refresh is not None:
    mapped = cells.refresh(mapped, arrays)
  load = inputs.loader_of(part.setup, part.data, mapped.labelled)
  return Start(part, mapped, arrays._replace(xs=None, xt=None), load)


def steps(begun: Start, layout: Layout) -> Iterator[tuple[Mapped, dict[str, Any]]]:
  """State and metrics after each step, as they lie on the devices; the next step takes them away."""
  setup = begun.part.setup._replace(layout=layout)
  cells = loop.program_of([begun.part._replace(setup=setup)])
  copied = jax.jit(lambda tree: jax.tree.map(jnp.copy, tree))  # a layout donates what it is given
  mapped = parallel.put_stacked(layout, copied(begun.mapped))
  which = parallel.put_stacked(layout, jnp.arange(2))
  for step in range(STEPS):
    shared = parallel.put_shared(layout, (begun.arrays, begun.load.at(step)))
    with mock.patch.object(shared_step, "step", wraps=shared_step.step) as traced:
      mapped, metrics = jax.block_until_ready(cells.fed((mapped, which), shared))
    assert step == 0 or not traced.called, "a later step is traced again"
    yield mapped, metrics


def golden(metrics: dict[str, Any]) -> dict[str, float]:
  """The first seed's metrics of a step on one device."""
  return {k: float(v[0]) for k, v in metrics.items()}
