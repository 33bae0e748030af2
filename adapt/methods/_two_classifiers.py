"""Two classifiers on one body, pushed apart and together: the three steps that MCD and SWD share."""

from collections.abc import Callable
from typing import Any

import jax

from adapt.losses import ops
from adapt.method import Batch, Net, Params, Phase, State
from adapt.models import head, nets

Logits = tuple[jax.Array, jax.Array]  # [b, k] of the first and of the second classifier
Distance = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # (logits, logits, key) -> []


def start(net: Net, key: jax.Array, batch: Batch) -> tuple[Params, State]:
  """Parameters {"net": the body, "heads": {"first", "second"}} and the state {"stats"}.

  The first classifier is the network's own head; the second starts at random, since classifiers
  that start alike never disagree.
  """
  k_net, k_second = jax.random.split(key)
  params, stats, features = nets.start(net, k_net, batch)
  body, first = head.split(params)
  second = head.start(k_second, features, first["kernel"].shape[-1])
  return {"net": body, "heads": {"first": first, "second": second}}, {"stats": stats}


def run(
  net: Net, params: Params, stats: Any, x: jax.Array, train: bool, key: jax.Array | None
) -> tuple[jax.Array, Logits, Any]:
  """Features [b, d], the logits [b, k] of both classifiers, and the new statistics."""
  whole = {**params["net"], "head": params["heads"]["first"]}
  (features, _), stats = net.apply(whole, stats, x, train, key)
  heads = params["heads"]
  both = head.logits(heads["first"], features), head.logits(heads["second"], features)
  return features, both, stats


def phases(
  net: Net, apart: Distance, weight: jax.Array | float, repeat: int
) -> tuple[Phase, Phase, Phase]:
  """Learn the source; let the classifiers disagree on the target; train features until they agree.

  Each domain has its own batch-norm pass.

  Args:
    net: the network.
    apart: how far the classifiers' logits [b, k] on target examples lie apart.
    weight: factor of that distance in both steps that read it.
    repeat: times the features are trained per step.
  """

  def label_loss(both: Logits, batch: Batch) -> jax.Array:
    first, second = (ops.cross_entropy(logits, batch.ys) for logits in both)
    return ops.weighted_mean(first + second, batch.ws)

  def learn_source(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    _, both, stats = run(net, params, state["stats"], batch.xs, True, key)
    loss = label_loss(both, batch)
    return loss, ({"stats": stats}, {"label_loss": loss})

  def disagree(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    k_source, k_target, k_apart = jax.random.split(key, 3)
    _, source, stats = run(net, params, state["stats"], batch.xs, True, k_source)
    _, target, stats = run(net, params, stats, batch.xt, True, k_target)
    distance = apart(*target, k_apart)
    return label_loss(source, batch) - weight * distance, ({"stats": stats}, {"apart": distance})

  def agree(params: Any, state: Any, batch: Batch, key: jax.Array, progress: Any) -> Any:
    k_target, k_apart = jax.random.split(key)
    _, target, stats = run(net, params, state["stats"], batch.xt, True, k_target)
    distance = apart(*target, k_apart)
    return weight * distance, ({"stats": stats}, {"discrepancy": distance})

  return (
    Phase(learn_source, ("net", "heads")),
    Phase(disagree, ("heads",)),
    Phase(agree, ("net",), repeat),
  )
