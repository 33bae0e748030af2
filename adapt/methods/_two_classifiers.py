"""Two classifiers on one body."""

from collections.abc import Callable
from typing import Any

import jax

from adapt.method import Batch, Net, Params, State
from adapt.models import head as heads
from adapt.models import nets
from adapt.models.head import Head

Pair = tuple[jax.Array, jax.Array]  # of the first and of the second classifier
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
