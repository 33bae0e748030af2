"""MCD: two classifiers that disagree, features that let them agree (Saito et al., 2018, arXiv:1712.02560)."""

import jax
import jax.numpy as jnp

from adapt import nets, ops
from adapt.method import Batch, Method, Net, Phase
from adapt.models import head


def mcd(net: Net, *, weight: float = 1.0, inner: int = 4) -> Method:
  """Trains features on which two classifiers, pushed apart on the target, cannot disagree.

  Everything learns the source; the classifiers learn the source and to disagree on the target; the
  features learn to make them agree. Each domain has its own batch-norm pass. The mean of the
  classifiers' logits predicts, as in the authors' code.

  Where re-implementations go wrong: the second step needs the source loss too, or the classifiers
  forget their task; the third moves the features only; the distance is the mean over examples *and*
  classes, so a sum makes it k times as strong; and classifiers that start alike never disagree.

  Args:
    weight: factor of the discrepancy in both steps that read it; 1 in the paper.
    inner: times the features are trained per step (the paper's n, 2 to 4).
  """
  if inner < 1:
    raise ValueError(f"inner is {inner}: choose at least 1")

  def init(key, batch: Batch):
    k_net, k_second = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    body, first = head.split(params)
    second = head.start(k_second, features, first["kernel"].shape[-1])
    return {"net": body, "heads": {"first": first, "second": second}}, {"stats": stats}

  def features_of(params, stats, x, train, key):
    whole = {**params["net"], "head": params["heads"]["first"]}
    (features, _), stats = net.apply(whole, stats, x, train, key)
    return features, stats

  def label_loss(heads, fs, batch: Batch):
    losses = [ops.cross_entropy(head.logits(h, fs), batch.ys) for h in heads.values()]
    return ops.weighted_mean(losses[0] + losses[1], batch.ws)

  def apart(heads, ft):
    first, second = (jax.nn.softmax(head.logits(h, ft)) for h in heads.values())
    return jnp.abs(first - second).mean()

  def learn_source(params, state, batch: Batch, key, progress):
    fs, stats = features_of(params, state["stats"], batch.xs, True, key)
    loss = label_loss(params["heads"], fs, batch)
    return loss, ({"stats": stats}, {"label_loss": loss})

  def disagree(params, state, batch: Batch, key, progress):
    k_source, k_target = jax.random.split(key)
    fs, stats = features_of(params, state["stats"], batch.xs, True, k_source)
    ft, stats = features_of(params, stats, batch.xt, True, k_target)
    distance = apart(params["heads"], ft)
    loss = label_loss(params["heads"], fs, batch) - weight * distance
    return loss, ({"stats": stats}, {"apart": distance})

  def agree(params, state, batch: Batch, key, progress):
    ft, stats = features_of(params, state["stats"], batch.xt, True, key)
    distance = apart(params["heads"], ft)
    return weight * distance, ({"stats": stats}, {"discrepancy": distance})

  def predict(params, state, x):
    features, _ = features_of(params, state["stats"], x, False, None)
    first, second = (head.logits(h, features) for h in params["heads"].values())
    return features, (first + second) / 2

  phases = (
    Phase(learn_source, ("net", "heads")),
    Phase(disagree, ("heads",)),
    Phase(agree, ("net",), inner),
  )
  return Method(init, phases, predict)
