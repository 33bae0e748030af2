"""SPA: equal spectra of both domains' graphs (Xiao et al., 2023, arXiv:2310.17594)."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import adversarial, memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.methods.atdoc import entries, vote
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def spa(
  net: Net,
  *,
  weight: float = 1.0,
  adversary: float = 1.0,
  pseudo: float = 0.2,
  neighbours: int = 5,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 1,
  memory: int = memory_bank.MOST,
) -> Method:
  """Trains as dann, towards graphs of both batches with equal spectra.

      min  CE(pₛ, yₛ) + adv(R(f, λ)) + weight · ‖s(fₛ) − s(fₜ)‖
           + pseudo · q · CE(pₜ, ŷₜ)     λ = adversary · ramp(q);  ŷₜ: atdoc's
      s: singular values of exp(⟨uᵢ, uⱼ⟩ − 1), each row divided by its sum
      adv's means weigh examples by 1 + exp(−R(H(p), λ)), over a constant sum

  Each batch is a graph whose edges are likenesses of features; the singular values of both random-walk
  matrices are to be equal, which compares the domains' structure without pairing examples. Target
  labels are votes of neighbours in a memory, and weigh as in atdoc. Each domain has its own batch-norm
  pass, as in the authors' code.

  Departs from the authors' code in the likeness, here a Gaussian of features at length 1 with a
  variance of 1, there one of σ 1.5 of the features' own distances, not squared, without edges from an
  example to itself (`--ap gauss`, as in its README; by default the distances are the edges, and cosines
  may add up to 0, by which it divides); in the critic, there of features with entropy weights or of
  cdan's products (its option `DANNE` is the default here); in source labels, smoothed by 0.1 there; in
  the memory, as told in atdoc, and in its entries, replaced here and by that code's default, but 0.7 old
  and 0.3 new by its README's command; and in the backbone's tenth of the rate, a setting here.

  Where re-implementations go wrong: singular values are sorted, so that the distance is between
  spectra and not between matrices; it is a norm, whose gradient does not fade as they meet; the votes
  have a linear ramp, the spectra none; and the memory's predictions are sharpened, as in atdoc.

  Args:
    weight: factor of the distance of spectra; 1 in the authors' scripts.
    adversary: final strength λ of the reversed critic gradient.
    pseudo: final factor of the votes' loss; 0.2 in the authors' script for Office-Home.
    neighbours: votes per example.
    ramp: steepness with which λ grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic; 1 in the authors' code.
    memory: entries at most; beyond as many target examples, several share one.
  """
  size = memory_bank.entries(net.targets, memory, neighbours)
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xt[:1], train=False, key=None)
    bank = memory_bank.empty(size, {"features": features.shape[1], "votes": logits.shape[1]})
    entry = {"net": params, "critic": critic.init(k_critic, features)}
    return entry, {"stats": stats, "memory": bank}

  def loss(params, state, batch: Batch, key, progress):
    source, target, stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    (fs, ls), (ft, lt) = source, target
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = adversary * ops.ganin_ramp(progress, ramp)
    show = lambda features, logits: features
    domain_loss = adversarial.loss(critic, params["critic"], show, source, target, strength, True)
    spectral_loss = ops.length(spectrum(fs) - spectrum(ft))
    labels, confidence = vote(lax.stop_gradient(ft), batch.it, state["memory"], neighbours)
    pseudo_loss = ops.weighted_mean(ops.cross_entropy(lt, labels), confidence)

    seen, _ = net.apply(params["net"], stats, batch.xt, train=False, key=None)
    new = {"rows": batch.it, **entries(*lax.stop_gradient(seen))}
    bank = memory_bank.remember(state["memory"], new)
    metrics = {
      "label_loss": label_loss,
      "domain_loss": domain_loss,
      "spectral_loss": spectral_loss,
      "pseudo_loss": pseudo_loss,
    }
    total = label_loss + domain_loss + weight * spectral_loss + pseudo * progress * pseudo_loss
    return total, ({"stats": stats, "memory": bank}, metrics)

  return Method(init, loss, nets.predictor(net), sized=True)


def spectrum(features: Float[Array, "b d"]) -> Float[Array, " b"]:
  """Singular values of a batch's random-walk matrix, the largest first."""
  unit = memory_bank.unit(features)
  cosines = jnp.matmul(unit, unit.T, precision=lax.Precision.HIGHEST)
  edges = jnp.exp(cosines - 1)
  return jnp.linalg.svd(edges / edges.sum(axis=1, keepdims=True), compute_uv=False)
