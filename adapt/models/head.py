"""Heads: classifiers on features, for methods that compare two.

A linear head's parameters are those of a dense layer, so that `logits` also runs the network's own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.models.layers import INIT, Dense

Params = dict[str, jax.Array]  # {"kernel": [d, k], "bias": [k]}
_WIDEST, _DEEPEST = 100_000, 100


class Head(NamedTuple):
  """A classifier on features as pure functions."""

  init: Callable[..., tuple[Any, Any]]  # (key, features [b, d], classes k) -> (params, stats)
  # (params, stats, features [b, d], train, key) -> (logits [b, k], stats)
  apply: Callable[..., tuple[jax.Array, Any]]
  linear: bool  # whether its parameters are a dense layer's


class Module(nn.Module):
  """Hidden layers under a linear layer, with dropout before each.

  Hidden layers are with batch-norm or without.
  """

  classes: int
  width: int
  depth: int
  normed: bool

  @nn.compact
  def __call__(self, x: jax.Array, train: bool, dropout: jax.Array | float) -> jax.Array:
    def dropped(x: jax.Array) -> jax.Array:
      if not train:
        return x
      kept = jax.random.bernoulli(self.make_rng("dropout"), 1 - dropout, x.shape)
      return jnp.where(kept, x / (1 - dropout), 0)  # linen's takes no rate that is swept

    for _ in range(self.depth):
      x = Dense(self.width)(dropped(x))
      x = nn.relu(nn.BatchNorm(not train, momentum=0.9)(x) if self.normed else x)
    return Dense(self.classes)(dropped(x))


def head(width: int, depth: int, dropout: float, *, normed: bool) -> Head:
  """`depth` hidden layers of `width` units under a linear one.

  All are behind dropout. For depth 0 it is linear, without dropout, and has the parameters of a
  dense layer.

  Args:
    width: of hidden layers.
    depth: hidden layers.
    dropout: share of the inputs of each layer that a training pass leaves out.
    normed: whether hidden layers are batch-normalised, by running statistics in evaluation.

  Raises:
    ValueError: a width, a depth or a dropout that no head has.
  """
  if not 1 <= width <= _WIDEST:
    raise ValueError(f"width is {width}: choose 1 to {_WIDEST}")
  if not 0 <= depth <= _DEEPEST:
    raise ValueError(f"depth is {depth}: choose 0 (linear heads) to {_DEEPEST}")
  if not isinstance(dropout, jax.Array) and not 0 <= dropout < 1:
    raise ValueError(f"dropout is {dropout}: choose a share from 0 to less than 1")
  if depth == 0:
    return Head(
      lambda key, features, classes: (start(key, features, classes), {}),
      lambda params, stats, features, train, key: (logits(params, features), stats),
      linear=True,
    )

  def module(classes: int) -> Module:
    return Module(classes, width, depth, normed)

  def init(key: jax.Array, features: jax.Array, classes: int) -> tuple[Any, Any]:
    variables = module(classes).init(key, features[:1], False, dropout)
    return variables["params"], variables.get("batch_stats", {})

  def apply(
    params: Any, stats: Any, features: jax.Array, train: bool, key: jax.Array | None
  ) -> tuple[jax.Array, Any]:
    run: Any = module(len(params[f"Dense_{depth}"]["bias"])).apply
    variables = {"params": params, "batch_stats": stats}
    if not train:
      return run(variables, features, False, dropout), stats
    found, new = run(
      variables, features, True, dropout, rngs={"dropout": key}, mutable=["batch_stats"]
    )
    return found, new.get("batch_stats", stats)

  return Head(init, apply, linear=False)


def start(key: jax.Array, features: jax.Array, classes: int) -> Params:
  """Initial parameters of a head on features [b, d]."""
  kernel = INIT(key, (features.shape[-1], classes), jnp.float32)
  return {"kernel": kernel, "bias": jnp.zeros(classes)}


def logits(params: Params, features: jax.Array) -> jax.Array:
  """Logits [b, k] of features [b, d]."""
  return features @ params["kernel"] + params["bias"]


def split(params: dict[str, Any]) -> tuple[dict[str, Any], Params]:
  """Splits a network's parameters into (all but the head, the head).

  Phases can then train one of them. ValueError where a tuning has left nothing but the head to
  train.
  """
  body = {name: p for name, p in params.items() if name != "head"}
  if not body:
    raise ValueError(
      "this method trains the features apart from the head, and this tuning the head alone: "
      "choose another --tuning"
    )
  return body, params["head"]
