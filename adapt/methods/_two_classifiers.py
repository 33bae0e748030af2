"""Two classifiers on one body, and the steps of MCD and SWD."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Net, Params, Phase, State
from adapt.models import head as heads
from adapt.models import nets
from adapt.models.head import Head

Pair = tuple[jax.Array, jax.Array]  # of the first and of the second classifier
Distance = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # (logits, logits, key) -> []
# (params, state, inputs, key) -> (logits of both, new state), in training mode
Run = Callable[[Params, State, jax.Array, jax.Array], tuple[Pair, State]]


def start(net: Net, head: Head, key: jax.Array, batch: Batch) -> tuple[Params, State]:
  """Parameters {"net": the body, "heads": {"first", "second"}} and the state of both.

  The state has the statistics of the body ("stats") and of the classifiers ("heads"), and "head",
  the network's own, which stays as it is and without which the network does not run. Classifiers that
  start alike never disagree, so the second starts at random, and the first too, where it is not the
  network's own head, as a linear one is.
  """
  k_net, k_second = jax.random.split(key)
  params, stats, features = nets.start(net, k_net, batch)
  body, own = heads.split(params)
  classes = own["kernel"].shape[-1]
  second, second_stats = head.init(k_second, features, classes)
  if head.linear:
    first, first_stats = own, second_stats
  else:
    first, first_stats = head.init(jax.random.fold_in(k_second, 1), features, classes)
  state = {"stats": stats, "heads": {"first": first_stats, "second": second_stats}, "head": own}
  return {"net": body, "heads": {"first": first, "second": second}}, state


def classified(
  head: Head, params: Params, state: State, features: Pair, train: bool, key: jax.Array | None
) -> tuple[Pair, State]:
  """Logits [b, k] of both classifiers, and the new state.

  Each classifies its own features [b, d].
  """
  keys = (None, None) if key is None else jax.random.split(jax.random.fold_in(key, 1))
  logits, stats = {}, {}
  for name, x, k in zip(("first", "second"), features, keys, strict=True):
    learnt, kept = params["heads"][name], state["heads"][name]
    logits[name], stats[name] = head.apply(learnt, kept, x, train, k)
  return (logits["first"], logits["second"]), {**state, "heads": stats}


def run(
  net: Net, head: Head, params: Params, state: State, x: jax.Array, train: bool, key: Any
) -> tuple[jax.Array, Pair, State]:
  """Features [b, d], logits [b, k] of both classifiers, and new state."""
  if net.output.kind == "pixels":  # each is the head of a pass; compiled, the bodies are one
    whole_nets = [{**params["net"], "head": params["heads"][n]} for n in ("first", "second")]
    passes = [net.apply(p, state["stats"], x, train, key) for p in whole_nets]
    ((features, first), stats), ((_, second), _) = passes
    return features, (first, second), {**state, "stats": stats}
  (features, _), stats = net.apply(whole(params, state), state["stats"], x, train, key)
  both, state = classified(head, params, state, (features, features), train, key)
  return features, both, {**state, "stats": stats}


def trained(net: Net, head: Head) -> Run:
  """Training passes of a network and its two classifiers."""

  def of(params: Params, state: State, x: jax.Array, key: jax.Array) -> tuple[Pair, State]:
    return run(net, head, params, state, x, True, key)[1:]

  return of


def whole(params: Params, state: State) -> Params:
  """The network's parameters; its own head is there, and says nothing."""
  return {**params["net"], "head": state["head"]}


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
