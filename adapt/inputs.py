"""A task's data where a program finds it: on the device, or as a loader that the host feeds from."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data, sparse, weights
from adapt.data import images, resident, stream
from adapt.evaluate import Blocks, blocks
from adapt.material import Material
from adapt.method import Batch, Method
from adapt.program import keys
from adapt.request import Choice, Request
from adapt.train import ORDER

_SHOWN = 2000  # examples at most for the label-free scores and for source accuracy


def arrays_of(
  request: Request, method: Method, material: Material, copies: int, streamed: bool
) -> tuple[resident.Arrays, resident.Labelled | None]:
  """What training sees, and per cell which target examples are labelled.

  Args:
    request: weights, seeds and shots are read.
    method: what it reads.
    material: the data.
    copies: swept points; each has all seeds.
    streamed: whether inputs come with each step; they are None then.
  """
  sources, target = material.sources, material.target
  xs, xt = None, None
  if not streamed:
    xs = np.concatenate([images.decoded(d.train.x) for d in sources])
    xt = images.decoded(target.train.x)
  ys = np.concatenate([np.asarray(d.train.y) for d in sources])
  ds = np.repeat(np.eye(len(sources), dtype=np.float32), [len(d.train.x) for d in sources], axis=0)
  ws = np.ones(len(ys), np.float32)
  if request.weights:
    assert xs is not None and xt is not None  # feed.streams has refused it
    ws = _weights(request.weights, xs, ys, xt)
  arrays = resident.Arrays(*jax.device_put((xs, ys, ws, ds, xt)))
  if "all_labelled" in method.reads:
    rows = [np.arange(len(target.train.x))] * len(request.seeds)
  elif "labelled" in method.reads:
    assert target.train.y is not None  # check_pair has seen to it
    rows = [data.few_shot(target.train.y, request.settings.shots, s) for s in request.seeds]
  else:
    return arrays, None
  stacked = np.tile(np.stack(rows).astype(np.int32), (copies, 1))
  return arrays, resident.Labelled(
    jnp.asarray(stacked), jnp.asarray(np.asarray(target.train.y)[stacked])
  )


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
  some = chosen.permutation(len(ys))[:_SHOWN]
  inputs = material.target.train.x
  few = chosen.permutation(len(inputs))[:_SHOWN]
  tests = [stream.gathered(xs, some), material.target.test.x]
  source, target = (pack and sparse.pack(tests, 4)) or tests
  views = {"source_test": blocks(source, ys[some]), "target_train": blocks(inputs[few], None)}
  if material.target.test.y is not None:
    views["target_test"] = blocks(target, material.target.test.y)
  return views
