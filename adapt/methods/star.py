"""STAR: classifiers drawn from a distribution that is learnt (Lu et al., 2020, CVPR, pp. 9111–9120)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.method import Batch, Method, Net
from adapt.methods import _disagreement, _two_classifiers
from adapt.models.head import head as make_head

FAMILY = "adversarial"


def star(
  net: Net,
  *,
  weight: float = 1.0,
  inner: int = 5,
  width: int = 1000,
  depth: int = 2,
  dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
) -> Method:
  """Trains as mcd, with two classifiers drawn anew at every pass.

      1. all          min  CE(p₁ₛ, yₛ) + CE(p₂ₛ, yₛ)
      2. classifiers  min  CE(p₁ₛ, yₛ) + CE(p₂ₛ, yₛ) − weight · E‖p₁ₜ − p₂ₜ‖₁/k
      3. features     min  weight · E‖p₁ₜ − p₂ₜ‖₁/k      (inner times)
      W₁, W₂ = μ + log(1 + exp(ρ − 2)) · N(0, 1), drawn anew in each pass

  The last layer's kernel is a Gaussian, whose mean μ and spread ρ are learnt: infinitely many classifiers
  that may disagree on the target, with as many parameters as two. All below it, and the bias, is common
  to both. The second step has one batch-norm pass over both domains, as in the authors' code; the mean
  classifier predicts.

  Departs from the authors' code in the optimiser, there Adam at 0.0002 with a cosine, of their own for
  body and classifiers; in the seed, which is set anew each epoch there, so that epochs draw alike; and
  in the classifiers' hidden layers, which differ by data set there.

  Where re-implementations go wrong: the spread is softplus of what is learnt less 2, about 0.13 at the
  start, and is neither a variance nor fixed; draws keep their gradient by mean and spread, and differ
  from step to step; the mean starts from a unit Gaussian in the code, far wider than a usual layer; and
  the features are trained once more than the code's `num_k` says.

  Args:
    weight: factor of the discrepancy in both steps that read it; 1 in the paper.
    inner: times the features are trained per step; 4 and 1 more in the authors' code.
    width: hidden width of the classifiers.
    depth: hidden layers of theirs; at 0 the network's own head is the mean.
    dropout: share of each layer's inputs that a training pass leaves out of deep classifiers.
  """
  if inner < 1:
    raise ValueError(f"inner is {inner}: choose at least 1")
  head = make_head(width, depth, dropout, normed=True)

  def init(key, batch: Batch):
    params, state = _two_classifiers.start(net, head, key, batch)
    mean, stats = params["heads"]["first"], state["heads"]["first"]
    heads = {"mean": mean, "spread": jnp.zeros_like(_last(mean)["kernel"])}
    return {"net": params["net"], "heads": heads}, {**state, "heads": stats}

  def run(params, state, x, train, key, kernels):
    whole = _two_classifiers.whole(params, state)
    (features, _), stats = net.apply(whole, state["stats"], x, train, key)
    drawn = (_with_kernel(params["heads"]["mean"], k) for k in kernels)
    # One key, so that both classifiers have the same hidden layers, masks included.
    k_head = None if key is None else jax.random.fold_in(key, 1)
    passes = [head.apply(p, state["heads"], features, train, k_head) for p in drawn]
    state = {**state, "stats": stats, "heads": passes[0][1]}
    return features, tuple(logits for logits, _ in passes), state

  def draw(params, state, x, key):
    mean, spread = _last(params["heads"]["mean"])["kernel"], params["heads"]["spread"]
    noise = jax.random.normal(jax.random.fold_in(key, 2), (2, *mean.shape))
    return run(params, state, x, True, key, mean + jax.nn.softplus(spread - 2) * noise)[1:]

  def apart(first, second, key):
    return jnp.abs(jax.nn.softmax(first) - jax.nn.softmax(second)).mean()

  def predict(params, state, x):
    mean = _last(params["heads"]["mean"])["kernel"]
    features, (logits,), _ = run(params, state, x, False, None, [mean])
    return features, logits

  phases = _disagreement.phases(net, draw, apart, weight, inner, joint=True)
  return Method(init, phases, predict)


def _last(head):
  """The last layer of a classifier."""
  return head if "kernel" in head else head[max(head, key=_place)]


def _with_kernel(head, kernel):
  """The classifier with another kernel in its last layer."""
  if "kernel" in head:
    return {**head, "kernel": kernel}
  last = max(head, key=_place)
  return {**head, last: {**head[last], "kernel": kernel}}


def _place(name):
  """Which hidden layer a name is of; norms come before all."""
  kind, place = name.rsplit("_", 1)
  return int(place) if kind == "Dense" else -1
