"""SWAD: the average of the weights within a valley of the loss (Cha et al., 2021, arXiv:2102.08604)."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt.method import Method, Net, Params, State
from adapt.tuning import Tuning, copied, with_loss
from adapt.tuning.ema import following
from adapt.tuning.wise_ft import between


class Rule(NamedTuple):
  """When a valley begins and ends, see `swad`."""

  interval: int
  converge: int
  tolerate: int
  tolerance: float


def swad(
  *, interval: int = 100, converge: int = 3, tolerate: int = 6, tolerance: float = 0.3
) -> Tuning:
  """Trains as `full`, and predicts with weights averaged over a valley.

      min  loss      E[θ] over the steps of a valley predicts
      begins at the first interval i of Lᵢ ≤ Lⱼ,  j = i + 1 … i + converge − 1
      takes in all up to the last of L ≤ (1 + tolerance) · E[Lᵢ … Lⱼ],  and
      ends when tolerate intervals pass without one;  L: mean label loss

  Weights are averaged at every step, in intervals. Before the valley begins the average of the interval
  at hand predicts.

  Departs from the authors' code in the loss, there of held-out source examples, which no tuning
  sees: here it is the mean label loss of the training batches, or the whole loss of a method that
  has none. It shows where training has settled, and not where it begins to overfit, so that a valley
  mostly lasts to the end. Batch-norm's running statistics are averaged, where that code runs 500
  batches anew; it counts the interval of the lowest loss twice, looks back before it, tests every
  interval by the threshold (here those before a valley begins are not, but for the last), and stops
  training where the valley ends.

  Where re-implementations go wrong: every step counts, not one an epoch, as in SWA; an interval
  above the threshold still counts if a later one within reach is below; and the intervals count
  alike, whatever their place.

  Args:
    interval: steps of an interval; 100 in the authors' runs on PACS, 50 on VLCS.
    converge: intervals among which the first is lowest when the valley begins; 3 in the paper.
    tolerate: intervals in a row above the threshold that end it; 6 in the paper.
    tolerance: by which part the loss may exceed its mean; 0.3 in the authors' code, 0.2 for VLCS.
  """
  for name, value in (("interval", interval), ("tolerate", tolerate)):
    if value < 1:
      raise ValueError(f"{name} is {value}: choose at least 1")
  if converge < 2:
    raise ValueError(f"converge is {converge}: choose at least 2")

  rule = Rule(interval, converge, tolerate, tolerance)

  def adjust(net: Net, method: Method) -> Method:
    del net
    update = functools.partial(updated, rule)
    followed = following(
      method, "swad", begin, update, lambda k: chosen(k["begun"], k["valley"], k["segment"])
    )
    return with_loss(followed, told)

  return Tuning(wrap=lambda net, progress: net, needs_start=False, adjust=adjust)


def updated(rule: Rule, kept: Any, now: Any) -> Any:
  """The entry after a step; now are (params, state)."""
  steps = kept["steps"] + 1
  kept = {
    **kept,
    "steps": steps,
    "segment": between(kept["segment"], now, 1 / steps),
    "total": kept["total"] + kept["loss"],
  }
  return jax.lax.cond(
    steps == rule.interval, functools.partial(ended, rule), lambda kept: kept, kept
  )


def ended(rule: Rule, kept: Any) -> Any:
  """The entry after an interval.

  Its average joins those that wait, or all of them the valley, or it begins another.
  """
  loss, begun = kept["total"] / rule.interval, kept["begun"]
  lower = ~begun & (loss < kept["lowest"])
  waiting = kept["waiting"] + 1
  pending = between(kept["pending"], kept["segment"], 1 / waiting)
  # Until it begins all that follow the lowest wait, and their losses set the threshold.
  sum_of = jnp.where(lower, loss, kept["sum"] + jnp.where(begun, 0.0, loss))
  begins = ~begun & ~lower & (waiting == rule.converge - 1)
  threshold = jnp.where(begins, sum_of / rule.converge * (1 + rule.tolerance), kept["threshold"])
  begun = begun | begins
  joins = begun & ~kept["over"] & (loss <= threshold)
  inside = kept["inside"] + waiting
  joined = between(kept["valley"], pending, waiting / inside)
  valley = chosen(lower, kept["segment"], chosen(joins, joined, kept["valley"]))
  return {
    **kept,
    "valley": valley,
    "pending": pending,
    "inside": jnp.where(lower, 1, jnp.where(joins, inside, kept["inside"])),
    "waiting": jnp.where(lower | joins, 0, waiting),
    "over": kept["over"] | (begun & ~joins & (waiting >= rule.tolerate)),
    "lowest": jnp.where(lower, loss, kept["lowest"]),
    "sum": sum_of,
    "threshold": threshold,
    "begun": begun,
    "steps": jnp.zeros_like(kept["steps"]),
    "total": jnp.zeros_like(kept["total"]),
  }


def begin(params: Params, state: State) -> Any:
  """The entry before the first step.

  It has three averages, and what the valley is found by.
  """
  averages = {name: copied((params, state)) for name in ("segment", "pending", "valley")}
  counts = {name: jnp.zeros((), jnp.int32) for name in ("steps", "waiting", "inside")}
  losses = {name: jnp.zeros(()) for name in ("loss", "total", "sum", "threshold")}
  marks = {name: jnp.zeros((), bool) for name in ("begun", "over", "labelled")}
  return {**averages, **counts, **losses, **marks, "lowest": jnp.full((), jnp.inf)}


def told(loss: Any) -> Any:
  """The loss, which also tells the entry the step's label loss.

  Of phases the last that has one tells it. A method without any is followed by its whole loss.
  """

  def telling(params: Any, state: Any, batch: Any, key: Any, progress: Any) -> Any:
    value, (new, metrics) = loss(params, state, batch, key, progress)
    kept, has = new["swad"], "label_loss" in metrics
    height = jax.lax.stop_gradient(metrics["label_loss"] if has else value)
    height = height if has else jnp.where(kept["labelled"], kept["loss"], height)
    entry = {**kept, "loss": height, "labelled": kept["labelled"] | has}
    return value, ({**new, "swad": entry}, metrics)

  return telling


def chosen(first: jax.Array, one: Any, other: Any) -> Any:
  """One of two trees of the same structure."""
  return jax.tree.map(lambda a, b: jnp.where(first, a, b), one, other)
