"""ADDA: a target encoder that passes for the source's (Tzeng et al., 2017, arXiv:1702.05464)."""

from typing import Any

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net, Phase
from adapt.models import head, nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def adda(net: Net, *, weight: float = 1.0, width: int = 500, depth: int = 2) -> Method:
  """Trains a target encoder until a critic takes its features for source.

      1. critic          min  adv(f)      fₛ of θ⁰, fₜ of θ, which starts at θ⁰
      2. target encoder  min  weight · E[−log D(fₜ)]

  The target encoder is a copy of the source model's, and predicts with that model's classifier, which
  stays as it was. No label is read. The source encoder runs in evaluation mode, the target's in
  training mode on the target alone.

  Departs from the authors' code in the critic, which has no batch-norm there (two layers of 500, as
  here); in the order, there both updates are of one forward pass; and in the optimiser, there Adam
  with β1 = 0.5 and rate 0.0002 for SVHN.

  Where re-implementations go wrong: the critic's labels are inverted for the encoder instead of its
  gradient reversed, which keeps its gradient when the critic wins; the classifier is not trained on;
  and a batch-normalised critic must see both domains in both steps, as it has nothing to compare
  the target with by itself.

  Args:
    weight: factor of the encoder's loss.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    body, classifier = head.split(params)
    frozen = {"body": body, "head": classifier, "stats": stats}
    start = critic.init(k_critic, features)
    return {"net": body, "critic": start}, {"stats": stats, "source": frozen}

  def judged(params, state, batch: Batch, key):
    """Critic logits [b] of source and target, and the target's statistics."""
    source = state["source"]
    (fs, _), _ = net.apply(encoder(source["body"], state), source["stats"], batch.xs, False, None)
    (ft, _), stats = net.apply(encoder(params["net"], state), state["stats"], batch.xt, True, key)
    logits = critic.apply(params["critic"], jnp.concatenate([fs, ft]))
    return logits[: len(fs)], logits[len(fs) :], stats

  def encoder(body: Any, state: Any) -> dict[str, Any]:
    return {**body, "head": state["source"]["head"]}

  def tell_apart(params, state, batch: Batch, key, progress):
    source, target, _ = judged(params, state, batch, key)
    as_source = ops.binary_cross_entropy(source, jnp.ones(len(source))).mean()
    as_target = ops.binary_cross_entropy(target, jnp.zeros(len(target))).mean()
    domain_loss = (as_source + as_target) / 2
    return domain_loss, (state, {"domain_loss": domain_loss})

  def pass_for_source(params, state, batch: Batch, key, progress):
    _, target, stats = judged(params, state, batch, key)
    mapping_loss = ops.binary_cross_entropy(target, jnp.ones(len(target))).mean()
    return weight * mapping_loss, ({**state, "stats": stats}, {"mapping_loss": mapping_loss})

  def predict(params, state, x):
    outputs, _ = net.apply(encoder(params["net"], state), state["stats"], x, False, None)
    return outputs

  phases = (Phase(tell_apart, ("critic",)), Phase(pass_for_source, ("net",)))
  return Method(init, phases, predict, starts="source")
