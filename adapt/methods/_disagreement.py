"""The three steps of MCD, SWD and STAR, on two classifiers (Saito et al., 2018, arXiv:1712.02560)."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Net, Phase
from adapt.methods._two_classifiers import Pair, Run

Distance = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # (logits, logits, key) -> []


def phases(
  net: Net, run: Run, apart: Distance, weight: jax.Array | float, repeat: int, joint: bool = False
) -> tuple[Phase, Phase, Phase]:
  """The three steps of MCD, as phases of a method.

  Learn the source; let the classifiers disagree on the target; train features until they agree.

  Args:
    net: the network.
    run: of both classifiers, on inputs of one batch-norm pass.
    apart: how far the classifiers' logits [b, k] on target examples lie apart.
    weight: factor of that distance in both steps that read it.
    repeat: times the features are trained per step.
    joint: whether the second step has one batch-norm pass over both domains, in the classifiers too,
      or one for each.
  """

  def label_loss(both: Pair, batch: Batch) -> jax.Array:
    first, second = (net.output.loss(logits, batch.ys) for logits in both)
    return ops.weighted_mean(first + second, batch.ws)

  def learn_source(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    both, state = run(params, state, batch.xs, key)
    loss = label_loss(both, batch)
    return loss, (state, {"label_loss": loss})

  def disagree(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    k_source, k_target, k_apart = jax.random.split(key, 3)
    if joint:
      n, x = len(batch.xs), jnp.concatenate([batch.xs, batch.xt])
      (first, second), state = run(params, state, x, k_source)
      source, target = (first[:n], second[:n]), (first[n:], second[n:])
    else:
      source, state = run(params, state, batch.xs, k_source)
      target, state = run(params, state, batch.xt, k_target)
    distance = apart(*target, k_apart)
    return label_loss(source, batch) - weight * distance, (state, {"apart": distance})

  def agree(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    k_target, k_apart = jax.random.split(key)
    target, state = run(params, state, batch.xt, k_target)
    distance = apart(*target, k_apart)
    return weight * distance, (state, {"discrepancy": distance})

  return (
    Phase(learn_source, ("net", "heads")),
    Phase(disagree, ("heads",)),
    Phase(agree, ("net",), repeat),
  )
