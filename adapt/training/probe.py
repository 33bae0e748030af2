"""Computes the inputs of validators for all cells at one evaluation."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt import validators
from adapt.evaluation import cells
from adapt.method import Output
from adapt.validators import Seen, Validator

SHOWN = 500  # examples of each domain at most

Outputs = tuple[jax.Array, jax.Array]  # features [cells, b, d] and logits [cells, b, k] of a block
Trained = tuple[Callable[..., Output], Any]  # an output kind's factory, and what is set of it
Entries = tuple[tuple[str, Callable[..., Validator]], ...]  # validators by name


def probed(
  outputs: Callable[[Any, jax.Array], Outputs],
  mapped: Any,
  source: Sequence[Outputs],
  ys: Sequence[jax.Array],
  target: Sequence[Outputs],
  xt: Sequence[jax.Array],
  sizes: tuple[int, int],
  trained: Trained | None = None,
) -> dict[str, Any]:
  """Computes `validators.scores`' inputs for all cells at once.

  Nothing is read back from the device.

  Args:
    outputs: what each cell makes of inputs of its own, [cells, b, ...].
    mapped: the cells' states.
    source: what they make of blocks of held-out source examples.
    ys: labels [b] of those blocks, of values [b, d], of pixels [b, s], of labels [b, k]; of those three
      nothing is mixed, as predictions say with what.
    target: what they make of blocks of target training examples, which are in random order.
    xt: inputs [b, ...] of those blocks.
    sizes: how many examples of source and target blocks count; the rest is padding or not shown.
    trained: the output kind, whose loss validators of values take; None: as it is by default.

  Returns:
    What each validator's `device` makes, by name, with the cells as leading axis. The examples must
    be the same at every evaluation, or scores cannot be compared.
  """
  mixed, output = None, validators.predicted_kind(ys[0], source[0][1].ndim - 1)
  if output == "classes" and validators.mixable(xt[0].dtype):
    rows = np.arange(len(xt) * len(xt[0])).reshape(len(xt), -1)
    logits = [lt for _, lt in target]
    mixed = [outputs(mapped, _mixtures(xt, logits, block, sizes[1]))[1] for block in rows]
  every = tuple((name, validators.get(name)) for name in validators.names(output))
  return _made(source, ys, target, mixed, sizes, every, trained)


def _joined(parts: Sequence[jax.Array], size: int) -> jax.Array:
  """Concatenates blocks [cells, b, ...] and keeps the first rows."""
  return jnp.concatenate(parts, axis=1)[:, :size]


@jax.jit(static_argnums=3)
def _mixtures(
  xt: Sequence[jax.Array], logits: Sequence[jax.Array], rows: jax.Array, m: int
) -> jax.Array:
  """Mixes rows of xt with partners chosen by each cell's predictions."""
  every, predicted = jnp.concatenate(xt), _joined(logits, m).argmax(axis=-1)
  rows = jnp.minimum(rows, m - 1)  # of padding

  def mixtures(p: jax.Array) -> jax.Array:
    return validators.mixture(every[rows], every[validators.partners(p)[0][rows]])

  return jax.vmap(mixtures)(predicted)


@jax.jit(static_argnums=(4, 5, 6))
def _made(
  source: Any,
  ys: Any,
  target: Any,
  mixed: Any,
  sizes: tuple[int, int],
  entries: Entries,
  trained: Trained | None,
) -> dict[str, Any]:
  n, m = sizes
  (fs, ls), (ft, lt) = (zip(*part, strict=True) for part in (source, target))
  labels = jnp.concatenate(ys)[:n]
  labels = jnp.broadcast_to(labels, (len(fs[0]), *labels.shape))
  lm = None if mixed is None else _joined(mixed, m)
  loss = None if trained is None else trained[0](**dict(trained[1])).loss
  see = functools.partial(validators.see, loss=loss)
  shown = _joined(fs, n), _joined(ls, n), labels, _joined(ft, m), _joined(lt, m), lm
  with jax.default_matmul_precision("highest"):  # tensor cores would round similarities
    return cells.over_cells(lambda *one: of_cell(see(*one), entries))(*shown)


def of_cell(seen: Seen, entries: Entries) -> dict[str, Any]:
  """Selects one cell from what `probed` returns."""
  made = {}
  for name, factory in entries:
    own = validators.made(factory)
    if own.device is not None and not (own.mixes and seen.lm is None):
      made[name] = own.device(seen)
  return made
