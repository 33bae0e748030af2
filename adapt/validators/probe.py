"""What validators see of all cells at one evaluation, and the numbers that the device makes of it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt.evaluation import cells
from adapt.losses import ops
from adapt.validators.clusters import class_silhouette, clustered
from adapt.validators.distance import mmd
from adapt.validators.mixed import mixable, mixture, mixval, partners
from adapt.validators.neighbours import snd
from adapt.validators.risk import cross_fitted, dev, iwcv

SHOWN = 500  # examples of each domain at most

Outputs = tuple[jax.Array, jax.Array]  # features [cells, b, d] and logits [cells, b, k] of a block


class Seen(NamedTuple):
  """What a network makes of held-out source and of target training examples, of one cell.

  There is no place for a target label here.
  """

  fs: jax.Array  # [n, d] source features
  ls: jax.Array  # [n, k] source logits
  ys: jax.Array  # [n] source labels
  ft: jax.Array  # [m, d] target features
  lt: jax.Array  # [m, k] target logits
  lm: jax.Array | None  # [m, k] logits of mixed target inputs; None where those cannot be mixed


def probed(
  outputs: Callable[[Any, jax.Array], Outputs],
  mapped: Any,
  source: Sequence[Outputs],
  ys: Sequence[jax.Array],
  target: Sequence[Outputs],
  xt: Sequence[jax.Array],
  sizes: tuple[int, int],
) -> dict[str, jax.Array]:
  """What `select.scores` needs of one evaluation, for all cells at once; nothing is read back.

  Args:
    outputs: what each cell makes of inputs of its own, [cells, b, ...].
    mapped: the cells' states.
    source: what they make of blocks of held-out source examples.
    ys: labels [b] of those blocks.
    target: what they make of blocks of target training examples, which are in random order.
    xt: inputs [b, ...] of those blocks.
    sizes: how many examples of source and target blocks count; the rest is padding or not shown.

  Returns:
    The numbers [cells] that are made on the device, "predicted" [cells, m] and "clusters"
    [cells, k, k], target examples by predicted class and cluster. The examples must be the same at
    every evaluation, or scores cannot be compared.
  """
  mixed = None
  if mixable(xt[0].dtype):
    rows = np.arange(len(xt) * len(xt[0])).reshape(len(xt), -1)
    logits = [lt for _, lt in target]
    mixed = [outputs(mapped, _mixtures(xt, logits, block, sizes[1]))[1] for block in rows]
  return _numbers(source, ys, target, mixed, sizes)


def _joined(parts: Sequence[jax.Array], size: int) -> jax.Array:
  """The first rows of what came in blocks [cells, b, ...]."""
  return jnp.concatenate(parts, axis=1)[:, :size]


@jax.jit(static_argnums=3)
def _mixtures(
  xt: Sequence[jax.Array], logits: Sequence[jax.Array], rows: jax.Array, m: int
) -> jax.Array:
  """Some rows of xt, mixed with the partners that each cell's predictions give them."""
  every, predicted = jnp.concatenate(xt), _joined(logits, m).argmax(axis=-1)
  rows = jnp.minimum(rows, m - 1)  # of padding
  return jax.vmap(lambda p: mixture(every[rows], every[partners(p)[0][rows]]))(predicted)


@jax.jit(static_argnums=4)
def _numbers(
  source: Any, ys: Any, target: Any, mixed: Any, sizes: tuple[int, int]
) -> dict[str, jax.Array]:
  n, m = sizes
  (fs, ls), (ft, lt) = (zip(*part, strict=True) for part in (source, target))
  labels = jnp.broadcast_to(jnp.concatenate(ys)[:n], (len(fs[0]), n))
  lm = None if mixed is None else _joined(mixed, m)
  seen = Seen(_joined(fs, n), _joined(ls, n), labels, _joined(ft, m), _joined(lt, m), lm)
  with jax.default_matmul_precision("highest"):  # tensor cores would round similarities
    return cells.over_cells(lambda *one: of_cell(Seen(*one)))(*seen)


def of_cell(seen: Seen) -> dict[str, jax.Array]:
  """What `probed` returns, of one cell."""
  seen = jax.tree.map(lambda x: x.astype(jnp.float32) if x.ndim > 1 else x, seen)
  weights = jnp.exp(cross_fitted(seen.fs, seen.ft))
  losses = ops.cross_entropy(seen.ls, seen.ys)[: len(weights)]
  predicted = seen.lt.argmax(axis=1)
  classes = jax.nn.one_hot(predicted, seen.lt.shape[1])
  which = clustered(seen.ft, classes)
  made = {
    "snd": snd(seen.lt),
    "iwcv": iwcv(weights, losses),
    "dev": dev(weights, losses),
    "mmd": mmd(seen.fs, seen.ft),
    "class_silhouette": class_silhouette(seen.ft, which),
    "clusters": classes.T @ which,
    "predicted": predicted.astype(jnp.int32),
  }
  if seen.lm is not None:
    _, paired = partners(predicted)
    made["mixval"] = mixval(predicted, seen.lm.argmax(axis=1), paired)
  return made
