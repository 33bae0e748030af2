"""MDD: no margin between a classifier and its adversary (Zhang et al., 2019, arXiv:1904.05801)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.methods import _two_classifiers
from adapt.models import nets
from adapt.models.head import head as make_head

FAMILY = "adversarial"


def mdd(
  net: Net,
  *,
  weight: float = 0.1,
  margin: Annotated[float, Range(1.0, 8.0, "log")] = 4.0,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 1,
  dropout: Annotated[float, Range(0.0, 0.9)] = 0.5,
) -> Method:
  """Trains features on which a second classifier cannot disagree on target alone.

      min  CE(p₁ₛ, yₛ) + margin · CE(p₂ₛ, ŷₛ) + E[−log(1 − p₂ₜ[ŷₜ])]
      p₁: the classifier's;  p₂: the adversary's, which reads R(f, λ)
      ŷ = argmax p₁,  λ = weight · ramp(q)

  Source and target share one batch-norm pass, as in the authors' code. Classifier and adversary have
  a hidden layer each.

  Departs from the authors' code in the heads' start, there normal with deviation 0.01; in the
  dropout before them, there one mask for both, behind a bottleneck of their width; in the ramp,
  there of steepness steps / 1000; in the margin by data set, there 4 on Office-31 and 2 on
  Office-Home; and in the backbone's tenth of the rate, a setting here.

  Where re-implementations go wrong: log(1 − softmax) is −∞ in single precision for a sure
  adversary, and shifted by 1e-6 (TLlib) its gradient vanishes just there, while the difference of
  two log-sum-exps has neither fault; the margin belongs to the source term only; the adversary's
  own gradient is not scaled, only what is reversed into the features; and decisions are constants.

  Args:
    weight: final strength of the reversed gradient (the paper's η).
    margin: factor of the source term, exp of the paper's margin ρ; 2 to 4 there.
    ramp: steepness with which the strength grows from 0; the published code, which counts
      iterations, comes to steps / 1000.
    width: hidden width of classifier and adversary; 1024, or 2048 on Office-Home, in that code.
    depth: hidden layers of both; 0 is two linear heads, the classifier the network's own.
    dropout: share of each layer's inputs that a training pass leaves out of deep heads.
  """
  head = make_head(width, depth, dropout, normed=False)

  def init(key, batch: Batch):
    return _two_classifiers.start(net, head, key, batch)

  def loss(params, state, batch: Batch, key, progress):
    network = _two_classifiers.whole(params, state)
    (fs, _), (ft, _), stats = nets.both(net, network, state["stats"], batch, key, joint=True)
    strength = weight * ops.ganin_ramp(progress, ramp)
    features = jnp.concatenate([fs, ft])
    seen = features, ops.reverse_gradient(features, strength)
    (logits, adversary), state = _two_classifiers.classified(head, params, state, seen, True, key)
    n = len(fs)
    decided = logits.argmax(axis=1)
    label_loss = ops.weighted_mean(net.output.loss(logits[:n], batch.ys), batch.ws)
    agree = ops.cross_entropy(adversary[:n], decided[:n]).mean()
    disagree = -log_other(adversary[n:], decided[n:]).mean()
    metrics = {"label_loss": label_loss, "agree_loss": agree, "disagree_loss": disagree}
    return label_loss + margin * agree + disagree, ({**state, "stats": stats}, metrics)

  def predict(params, state, x):
    features, (logits, _), _ = _two_classifiers.run(net, head, params, state, x, False, None)
    return features, logits

  return Method(init, loss, predict)


def log_other(logits: Float[Array, "b k"], labels: Int[Array, " b"]) -> Float[Array, " b"]:
  """log(1 − softmax) at the labels: the other classes' log-probability."""
  own = jax.nn.one_hot(labels, logits.shape[1], dtype=bool)
  others = jnp.where(own, -jnp.inf, logits)
  return jax.nn.logsumexp(others, axis=1) - jax.nn.logsumexp(logits, axis=1)
