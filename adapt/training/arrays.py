"""A task's data where a program finds it: on the device, or as a loader that the host feeds from."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data, weights
from adapt.data import images
from adapt.evaluation.metrics import Blocks, blocks
from adapt.experiments.experiment import Choice, Request
from adapt.method import Batch, Method
from adapt.models import packed_rows
from adapt.training import resident, stream
from adapt.training.joint_tasks import VIEWED, Part, joined
from adapt.training.program import keys
from adapt.training.shared_step import ORDER
from adapt.training.task_data import Material


def arrays_of(parts: Sequence[Part], streamed: bool) -> tuple[resident.Arrays, jax.Array | None]:
  """What training sees, and per cell where its sets begin, if there are several tasks'.

  Args:
    parts: their data, and the weights that they ask for.
    streamed: whether inputs come with each step; they are None then.
  """
  sets, choice = joined(parts), parts[0].request.weights
  each = [d for sources in sets.sources for d in sources]
  xs, xt = None, None
  if not streamed:
    xs = np.concatenate([images.decoded(d.train.x) for d in each])
    xt = np.concatenate([images.decoded(d.train.x) for d in sets.targets])
  ys = np.concatenate([np.asarray(d.train.y) for d in each])
  which = [np.eye(len(sources), dtype=np.float32) for sources in sets.sources]
  ds = np.repeat(np.concatenate(which), [len(d.train.x) for d in each], axis=0)
  ws = np.ones(len(ys), np.float32)
  if choice:
    assert xs is not None and xt is not None  # feed.streams has refused it
    ws = _weights(choice, xs, ys, xt)
  arrays = resident.Arrays(*jax.device_put((xs, ys, ws, ds, xt)))
  return arrays, jnp.asarray(sets.first) if len(parts) > 1 else None


def labelled_of(parts: Sequence[Part], method: Method) -> resident.Labelled | None:
  """Per cell which of its target's examples are labelled, if the method reads that."""
  rows, y = [], []
  for request, missing, material, _ in parts:
    labels, seeds = material.target.train.y, request.seeds
    if "all_labelled" in method.reads:
      assert labels is not None  # material.load has seen to it
      own = [np.arange(len(labels))] * len(seeds)
    elif "labelled" in method.reads:
      assert labels is not None  # check_pair has seen to it
      own = [data.few_shot(labels, request.settings.shots, seed) for seed in seeds]
    else:
      return None
    rows.append(np.tile(np.stack(own).astype(np.int32), (len(missing), 1)))
    y.append(np.asarray(labels)[rows[-1]])
  return resident.Labelled(jnp.asarray(np.concatenate(rows)), jnp.asarray(np.concatenate(y)))


def loader_of(
  request: Request, material: Material, labelled: resident.Labelled | None
) -> stream.Loader:
  """What makes the batches of a streamed run."""
  xs, xt = tuple(d.train.x for d in material.sources), material.target.train.x
  rows = None if labelled is None else np.asarray(labelled.rows[: len(request.seeds)])
  sizes = resident.Sizes(sum(map(len, xs)), len(xt), 0 if rows is None else rows.shape[1])
  orders = jax.vmap(lambda key: jax.random.fold_in(key, ORDER))(keys(request.seeds))
  settings = material.settings
  plan = stream.schedule(orders, sizes, settings.batch_size, settings.steps, rows)
  return stream.Loader(plan, xs, xt)


def _weights(choice: Choice, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> np.ndarray:
  def flat(x: np.ndarray) -> np.ndarray:
    scaled = x / np.float32(255) if x.dtype == np.uint8 else x
    return scaled.reshape(len(x), -1).astype(np.float32)

  return weights.get(choice.name)(flat(xs), ys, flat(xt), **dict(choice.given))


def example_of(
  material: Material, arrays: resident.Arrays, labelled: resident.Labelled | None
) -> Batch:
  """A batch to take shapes from."""
  rows = np.arange(material.settings.batch_size)
  xs = stream.gathered(tuple(d.train.x for d in material.sources), rows % len(arrays.ys))
  xt = stream.gathered((material.target.train.x,), rows % len(material.target.train.x))
  few = None if labelled is None else labelled.y[0][rows % labelled.y.shape[1]]
  y, w, d = (a[rows % len(arrays.ys)] for a in (arrays.ys, arrays.ws, arrays.ds))
  source, target, it = jnp.asarray(xs), jnp.asarray(xt), jnp.asarray(rows, jnp.int32)
  return Batch(source, y, w, d, target, None if few is None else target, few, it)


def views_of(material: Material, pack: bool = False) -> dict[str, Blocks]:
  """What is looked at on the way; only the target's test split comes with target labels.

  Args:
    material: the data.
    pack: whether the network is shown packed rows of tests. Target training inputs stay as they are,
      because validators mix them.
  """
  chosen = np.random.default_rng(0)
  xs = tuple(d.test.x for d in material.sources)
  ys = np.concatenate([np.asarray(d.test.y) for d in material.sources])
  some = chosen.permutation(len(ys))[:VIEWED]
  inputs = material.target.train.x
  few = chosen.permutation(len(inputs))[:VIEWED]
  tests = [stream.gathered(xs, some), material.target.test.x]
  source, target = (pack and packed_rows.pack(tests, 4)) or tests
  views = {"source_test": blocks(source, ys[some]), "target_train": blocks(inputs[few], None)}
  if material.target.test.y is not None:
    views["target_test"] = blocks(target, material.target.test.y)
  return views
