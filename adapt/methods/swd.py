"""SWD: two classifiers a sliced Wasserstein distance apart (Lee et al., 2019, arXiv:1903.04064)."""

import jax
import jax.numpy as jnp

from adapt import discrepancy, nets, ops
from adapt.method import Batch, Method, Net, Phase
from adapt.models import head


def swd(net: Net, *, weight: float = 1.0, directions: int = 128, repeat: int = 1) -> Method:
  """Trains features on which two classifiers, pushed apart on the target, cannot disagree.

  The three steps of MCD, with another discrepancy: everything learns the source; the classifiers
  learn the source and to disagree on the target; the features learn to make them agree. Each
  domain has its own batch-norm pass. Classifier 1 predicts, as in the authors' code.

  Where re-implementations go wrong: the distance is between the *samples* of outputs, sorted along
  each direction, not between the two outputs of one example, which is MCD; directions must have
  length 1; the second step needs the source loss too, or the classifiers forget their task.

  Args:
    weight: factor of the discrepancy in both steps that read it; 1 in the paper.
    directions: random lines, drawn at each step (the paper's M).
    repeat: times the features are trained per step.
  """
  for name, number in (("directions", directions), ("repeat", repeat)):
    if number < 1:
      raise ValueError(f"{name} is {number}: choose at least 1")

  def init(key, batch: Batch):
    k_net, k_second = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    body, first = head.split(params)
    second = head.start(k_second, features, first["kernel"].shape[-1])
    return {"net": body, "heads": {"first": first, "second": second}}, {"stats": stats}

  def features_of(params, stats, x, key):
    whole = {**params["net"], "head": params["heads"]["first"]}
    (features, _), stats = net.apply(whole, stats, x, True, key)
    return features, stats

  def label_loss(heads, fs, batch: Batch):
    losses = [ops.cross_entropy(head.logits(h, fs), batch.ys) for h in heads.values()]
    return ops.weighted_mean(losses[0] + losses[1], batch.ws)

  def apart(heads, ft, key):
    first, second = (jax.nn.softmax(head.logits(h, ft)) for h in heads.values())
    lines = jax.random.normal(key, (first.shape[1], directions))
    return discrepancy.sliced_wasserstein(first, second, lines / jnp.linalg.norm(lines, axis=0))

  def learn_source(params, state, batch: Batch, key, progress):
    fs, stats = features_of(params, state["stats"], batch.xs, key)
    loss = label_loss(params["heads"], fs, batch)
    return loss, ({"stats": stats}, {"label_loss": loss})

  def disagree(params, state, batch: Batch, key, progress):
    k_source, k_target, k_lines = jax.random.split(key, 3)
    fs, stats = features_of(params, state["stats"], batch.xs, k_source)
    ft, stats = features_of(params, stats, batch.xt, k_target)
    swd_loss = apart(params["heads"], ft, k_lines)
    loss = label_loss(params["heads"], fs, batch) - weight * swd_loss
    return loss, ({"stats": stats}, {"swd_apart": swd_loss})

  def agree(params, state, batch: Batch, key, progress):
    k_target, k_lines = jax.random.split(key)
    ft, stats = features_of(params, state["stats"], batch.xt, k_target)
    swd_loss = apart(params["heads"], ft, k_lines)
    return weight * swd_loss, ({"stats": stats}, {"swd_loss": swd_loss})

  def predict(params, state, x):
    whole = {**params["net"], "head": params["heads"]["first"]}
    outputs, _ = net.apply(whole, state["stats"], x, train=False, key=None)
    return outputs

  phases = (
    Phase(learn_source, ("net", "heads")),
    Phase(disagree, ("heads",)),
    Phase(agree, ("net",), repeat),
  )
  return Method(init, phases, predict)
