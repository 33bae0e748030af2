"""CDAC: adversarial clustering with a few target labels (Li et al., 2021, arXiv:2104.09415)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net, Phase
from adapt.methods.mme import mme, products
from adapt.models import nets

FAMILY = "few labelled targets"


def cdac(
  net: Net,
  *,
  weight: float = 1.0,
  consistency: float = 30.0,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.95,
  ranks: int = 5,
  temperature: Annotated[float, Range(0.01, 0.5, "log")] = 0.05,
  ramp: Annotated[float, Range(0.1, 1.0)] = 0.4,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains features that gather target examples, which the head drives apart.

      1.  min  CE(pʷ, y), source and labelled target      ℓ = Wᵀu / temperature
      2.  min  weight · (A − B + consistency · exp(−5 · r²) · E‖p¹ − p²‖² / k)
      A = E[1[max pʷ ≥ threshold] · CE(p², ŷʷ)]   B = Eᵢⱼ BCE(⟨pᵢʷ, pⱼ¹⟩, aᵢⱼ)
      B's p: of R(f, 1)      aᵢⱼ = 1[i, j alike]      r = max(0, 1 − q / ramp)

  The head is mme's. One optimiser step learns the labels of weak views in one batch-norm pass; another
  the unlabelled target, of a weak and two strong views (p¹, p²) in passes of their own. Two target
  examples are alike if their largest features are the same ones. The features learn by B which pairs
  share a class; the head climbs it. Sure weak predictions label the second strong view.

  Departs from the authors' code in the batch, there twice as many unlabelled target examples; in the
  rate, there a tenth in the backbone; in the ramp, there 20,000 steps whatever the run's; in the strong
  views, there with half the operations left out and a small cutout; and in early stopping on labelled
  target examples.

  Where re-implementations go wrong: the reversal sits between the features and their normalisation,
  and in the clustering alone; the largest features are compared as sets, of the weak view; an example's
  pair with itself counts; pseudo-labels are averaged over the whole batch, squares over its classes
  too; and gradients flow into both views of a pair.

  Args:
    weight: factor of the whole second step's loss.
    consistency: final factor of the squared differences in it.
    threshold: probability that a prediction needs to become a label.
    ranks: largest features that are compared.
    temperature: divides the products of unit features and prototypes.
    ramp: share of the run over which `consistency` grows; 0.4 in the authors' DomainNet run.
    noise: standard deviation of the noise in strong views of inputs that are not images; of series,
      a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """

  head = mme(net, temperature=temperature)

  def logits(params, features):
    return products(features, params["net"]["head"]["kernel"]) / temperature

  def labelled(params, state, batch: Batch, key, progress):
    k_net, *k_views = jax.random.split(key, 3)
    views = zip(k_views, (batch.xs, batch.xl), strict=True)
    xs, xl = (weak_and_strong.weak(k, x, mirror, net.kind) for k, x in views)
    pair = batch._replace(xs=xs, xt=xl)
    (fs, _), (fl, _), stats = nets.both(net, params["net"], state["stats"], pair, k_net, joint=True)
    ll, ys = logits(params, jnp.concatenate([fs, fl])), jnp.concatenate([batch.ys, batch.yl])
    ws = jnp.concatenate([batch.ws, jnp.ones(len(fl))])
    label_loss = ops.weighted_mean(net.output.loss(ll, ys), ws)
    return label_loss, ({"stats": stats}, {"label_loss": label_loss})

  def unlabelled(params, state, batch: Batch, key, progress):
    k_views, *keys = jax.random.split(key, 4)
    f, stats = [], state["stats"]
    views = weak_and_strong.one_and_two(k_views, batch.xt, noise, mirror, net.kind)
    for k, x in zip(keys, views, strict=True):
      (own, _), stats = net.apply(params["net"], stats, x, True, k)
      f.append(own)
    p, q = (jax.nn.softmax(logits(params, ops.reverse_gradient(v, 1.0))) for v in f[:2])
    pair_loss = -clustering(p, q, alike(f[0], ranks))  # minimised by the head as it stands
    weak, first, second = (logits(params, v) for v in f)
    sure = jax.nn.softmax(weak).max(axis=1) >= threshold
    pseudo_loss = (ops.cross_entropy(second, weak.argmax(axis=1)) * sure).mean()
    squares = ((jax.nn.softmax(first) - jax.nn.softmax(second)) ** 2).mean()
    left = 1 - jnp.minimum(progress / jnp.maximum(ramp, 1e-12), 1.0)
    total = pair_loss + pseudo_loss + consistency * jnp.exp(-5 * left**2) * squares
    metrics = {"pair_loss": pair_loss, "pseudo_loss": pseudo_loss, "squares": squares}
    return weight * total, ({"stats": stats}, metrics)

  phases = Phase(labelled, ("net",)), Phase(unlabelled, ("net",))
  return Method(head.init, phases, head.predict, reads=head.reads)


def alike(features: Float[Array, "b d"], ranks: int) -> Bool[Array, "b b"]:
  """Whether two examples' largest features are the same ones, in any order."""
  if not 0 < ranks < features.shape[1]:
    raise ValueError(f"{ranks} ranks of {features.shape[1]} features: choose 1 or more, not all")
  largest = jnp.sort(lax.top_k(features, ranks)[1], axis=1)
  return (largest[:, None] == largest).all(axis=2)


def clustering(
  p: Float[Array, "b k"], q: Float[Array, "b k"], same: Bool[Array, "b b"]
) -> Float[Array, ""]:
  """Binary cross-entropy of `same` under agreement of predictions."""
  agree = jnp.matmul(p, q.T, precision=lax.Precision.HIGHEST)
  # 1 - agree, as a sum without cancellation.
  differ = jnp.matmul(p @ (1 - jnp.eye(p.shape[1])), q.T, precision=lax.Precision.HIGHEST)
  return -jnp.where(same, jnp.log(agree + 1e-7), jnp.log(differ + 1e-7)).mean()
