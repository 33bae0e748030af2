"""Provides a task's data to the compiled program.

It lies on the device, or in a loader through which the host feeds each step.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from adapt.data import images, labelled_rows
from adapt.evaluation.metrics import Blocks, blocks
from adapt.method import Batch, Method
from adapt.models import packed_rows
from adapt.training import resident, source_weights, stream
from adapt.training.joint_tasks import VIEWED, Part, joined
from adapt.training.program import keys
from adapt.training.setup import Setup
from adapt.training.shared_step import ORDER
from adapt.training.task_data import TaskData


def arrays_of(parts: Sequence[Part], streamed: bool) -> tuple[resident.Arrays, jax.Array | None]:
  """Builds the training arrays and each cell's offset into them.

  The offsets are None unless several tasks share the arrays.

  Args:
    parts: their data, and the weights that they ask for.
    streamed: whether inputs come with each step; they are None then.
  """
  sets, setup = joined(parts), parts[0].setup
  each = [d for sources in sets.sources for d in sources]
  xs, xt = None, None
  if not streamed:
    xs = np.concatenate([images.decoded(d.train.x) for d in each])
    xt = np.concatenate([images.decoded(d.train.x) for d in sets.targets])
  ys = np.concatenate([np.asarray(d.train.y) for d in each])
  which = [np.eye(len(sources), dtype=np.float32) for sources in sets.sources]
  ds = np.repeat(np.concatenate(which), [len(d.train.x) for d in each], axis=0)
  ws = np.ones(len(ys), np.float32)
  if setup.weighting:
    assert xs is not None and xt is not None  # feed.streams has refused it
    ws = source_weights.compute(setup.weighting, setup.weighting_code, xs, ys, xt)
  arrays = resident.Arrays(*jax.device_put((xs, ys, ws, ds, xt)))
  return arrays, jnp.asarray(sets.first) if len(parts) > 1 else None


def labelled_of(parts: Sequence[Part], method: Method) -> resident.Labelled | None:
  """Selects each cell's labelled target examples, if the method reads them."""
  rows, y = [], []
  for setup, points, task, _ in parts:
    labels, seeds = task.target.train.y, setup.seeds
    if "all_labelled" in method.reads:
      assert labels is not None  # task_data.prepare has seen to it
      own = [labelled_rows(labels, None, seed) for seed in seeds]
    elif "labelled" in method.reads:
      assert labels is not None  # check_pair has seen to it
      own = [labelled_rows(labels, setup.settings.shots, seed) for seed in seeds]
    else:
      return None
    rows.append(np.tile(np.stack(own).astype(np.int32), (len(points), 1)))
    y.append(np.asarray(labels)[rows[-1]])
  return resident.Labelled(jnp.asarray(np.concatenate(rows)), jnp.asarray(np.concatenate(y)))


def loader_of(setup: Setup, data: TaskData, labelled: resident.Labelled | None) -> stream.Loader:
  """Builds the loader that makes the batches of a streamed run."""
  xs, xt = tuple(d.train.x for d in data.sources), data.target.train.x
  rows = None if labelled is None else np.asarray(labelled.rows[: len(setup.seeds)])
  sizes = resident.Sizes(sum(map(len, xs)), len(xt), 0 if rows is None else rows.shape[1])
  orders = jax.vmap(lambda key: jax.random.fold_in(key, ORDER))(keys(setup.seeds))
  settings = data.settings
  plan = stream.schedule(orders, sizes, settings.batch_size, settings.steps, rows)
  return stream.Loader(plan, xs, xt)


def example_of(
  data: TaskData, arrays: resident.Arrays, labelled: resident.Labelled | None
) -> Batch:
  """Returns an example batch from which shapes are taken."""
  rows = np.arange(data.settings.batch_size, dtype=np.int32)
  xs = stream.gathered(tuple(d.train.x for d in data.sources), rows % len(arrays.ys))
  xt = stream.gathered((data.target.train.x,), rows % len(data.target.train.x))
  few = None if labelled is None else np.asarray(labelled.y)[0][rows % labelled.y.shape[1]]
  y, w, d = (np.asarray(a)[rows % len(a)] for a in (arrays.ys, arrays.ws, arrays.ds))
  # Rows are picked on the host, where that compiles nothing.
  source, y, w, d, target, few, it = jax.device_put((xs, y, w, d, xt, few, rows))
  return Batch(source, y, w, d, target, None if few is None else target, few, it)


def views_of(data: TaskData, pack: bool = False) -> dict[str, Blocks]:
  """Selects the examples on which a task is evaluated during training.

  Only the target's test split comes with target labels.

  Args:
    data: of the task.
    pack: whether the network is shown packed rows of tests. Target training inputs stay as they are,
      because validators mix them.
  """
  chosen = np.random.default_rng(0)
  xs = tuple(d.test.x for d in data.sources)
  ys = np.concatenate([np.asarray(d.test.y) for d in data.sources])
  some = chosen.permutation(len(ys))[:VIEWED]
  inputs = data.target.train.x
  few = chosen.permutation(len(inputs))[:VIEWED]
  tests = [stream.gathered(xs, some), data.target.test.x]
  source, target = (pack and packed_rows.pack(tests, 4)) or tests
  views = {"source_test": blocks(source, ys[some]), "target_train": blocks(inputs[few], None)}
  if data.target.test.y is not None:
    views["target_test"] = blocks(target, data.target.test.y)
  return views
