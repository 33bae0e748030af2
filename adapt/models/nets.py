"""What every method does with a network: start, run, predict.

It runs both domains through it.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.method import Batch, Net, Outputs, Params, State


def start(net: Net, key: jax.Array, batch: Batch) -> tuple[Any, Any, jax.Array]:
  """Initial (params, stats) and the features [b, d] of the source batch.

  The features size a critic.
  """
  params, stats = net.init(key, batch.xs)
  (features, _), _ = net.apply(params, stats, batch.xs, train=False, key=None)
  return params, stats, features


def joint(passes: str) -> bool:
  """Whether both domains share one batch-norm pass, as a method's `passes` says.

  Args:
    passes: "joint" or "separate", see `both`. Codes of one paper differ in it, and on networks with
      batch-norm it moves accuracy by more than many methods do.

  Raises:
    ValueError: another text.
  """
  if passes not in ("joint", "separate"):
    raise ValueError(f"passes is '{passes}': choose joint or separate")
  return passes == "joint"


def both(
  net: Net, params: Any, stats: Any, batch: Batch, key: jax.Array, *, joint: bool
) -> tuple[Outputs, Outputs, Any]:
  """Source and target through one network, in training mode.

  Args:
    net: the network.
    params: its parameters.
    stats: its batch statistics.
    batch: supplies xs and xt.
    key: for dropout.
    joint: True for one pass over the concatenation, so that batch-norm sees the mixture;
      False for two passes, each domain under its own batch statistics, both moving the running
      ones (source first). Re-implementations of one paper differ here silently, so every
      method must say which it takes.

  Returns:
    (fs, ls), (ft, lt), stats: features [b, d] and logits [b, k] of each domain, new statistics.
  """
  if joint:
    n = len(batch.xs)
    x = jnp.concatenate([batch.xs, batch.xt])
    (features, logits), stats = net.apply(params, stats, x, True, key)
    return (features[:n], logits[:n]), (features[n:], logits[n:]), stats
  k_source, k_target = jax.random.split(key)
  source, stats = net.apply(params, stats, batch.xs, True, k_source)
  target, stats = net.apply(params, stats, batch.xt, True, k_target)
  return source, target, stats


def predictor(net: Net) -> Callable[[Params, State, jax.Array], Outputs]:
  """The usual `Method.predict`: the network in evaluation mode."""

  def predict(params: Params, state: State, x: jax.Array) -> Outputs:
    outputs, _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return outputs

  return predict


def outputs(net: Net, params: Any, stats: Any, x: jax.Array, block: int = 256) -> Outputs:
  """Features and logits of a whole set [n, ...] in evaluation mode.

  They are computed `block` examples at a time.
  """

  def one(example: jax.Array) -> Outputs:
    (features, logits), _ = net.apply(params, stats, example[None], train=False, key=None)
    return features[0], logits[0]

  return jax.lax.map(one, x, batch_size=block)


def norms_apart(params: Any) -> tuple[Any, Any]:
  """Splits nested parameters into (scales and shifts of normalisation layers, all else).

  A normalisation layer, of a batch or of a layer, is what has a "scale". `joined` undoes it.
  """
  norms, rest = {}, {}
  for name, entry in params.items():
    if not isinstance(entry, dict):
      rest[name] = entry
    elif "scale" in entry:
      norms[name] = entry
    else:
      for part, found in zip((norms, rest), norms_apart(entry), strict=True):
        if found:
          part[name] = found
  return norms, rest


def joined(first: Any, second: Any) -> Any:
  """One nested dict from two that share no leaf."""
  both = {**first, **second}
  for name in first.keys() & second.keys():
    both[name] = joined(first[name], second[name])
  return both


def beginning_at(net: Net, params: Any, stats: Any) -> Net:
  """The same network with given initial weights: a warm start.

  No method has to know of it.
  """
  return Net(lambda key, x: (params, stats), net.apply)


def with_backbone(net: Net, published: Any) -> Net:
  """The same network whose backbone starts from published weights.

  The rest starts at random.

  Args:
    net: a network with a backbone (adapt/models/backbones.py).
    published: {"params": …, "batch_stats": …} of the backbone.
  """

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x)
    params = {**params, "backbone": published["params"]}
    if "batch_stats" in published:
      stats = {**stats, "backbone": published["batch_stats"]}
    return params, stats

  return Net(init, net.apply)
