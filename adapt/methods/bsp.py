"""BSP: adversarial features without dominant directions (Chen et al., 2019, PMLR 97:1081–1090)."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"

# What the critic sees of features and logits.
SHOWN: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
  "dann": lambda features, logits: features,
  "cdan": functools.partial(adversarial.conditioned, maps={}),
}


def bsp(
  net: Net,
  *,
  weight: float = 1.0,
  penalty: float = 1e-4,
  rank: int = 1,
  on: str = "dann",
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains a domain critic's features and keeps their largest singular values small.

      min  CE(pₛ, yₛ) + adv(R(f, λ)) + weight · penalty · (S(Fₛ) + S(Fₜ))
      S(F): sum of the squared `rank` largest singular values of a batch's f
      λ = weight · ramp(q)      on cdan: its adv, with entropy

  Features that fool a critic keep few directions, with large singular values, and lose those that
  tell classes apart. Source and target share one batch-norm pass, as in the authors' code.

  Departs from the authors' code in the critic, there without batch-norm and with dropout 0.5; in
  the ramp, there over the first 10,000 steps whatever the run; and in the default `on`, as that
  code joins the penalty to CDAN+E (train.py).

  Where re-implementations go wrong: the batches of the two domains are decomposed apart; features
  are not centred; the penalty is the squared value, summed over the batch, so it grows with the
  batch size and 1e-4 belongs to 36 examples; and a gradient through the singular vectors, which
  none is needed of, divides by differences of singular values.

  Args:
    weight: factor of both adaptation terms: the final strength λ of the reversed critic gradient,
      and of the penalty; 1 in the paper.
    penalty: factor β of the squared singular values.
    rank: how many of the largest are penalised (the paper's k).
    on: "dann", or "cdan" with entropy weights.
    ramp: steepness with which λ grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  if on not in SHOWN:
    raise ValueError(f"on is '{on}': choose dann or cdan")
  if rank < 1:
    raise ValueError(f"rank is {rank}: choose at least 1")
  critic, show = make_critic(width, depth), SHOWN[on]

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    start = critic.init(k_critic, show(features, logits))
    return {"net": params, "critic": start}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=True
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    domain_loss = adversarial.loss(
      critic, params["critic"], show, (fs, ls), (ft, lt), strength, on == "cdan"
    )
    spectral_loss = spectrum(fs, rank) + spectrum(ft, rank)
    metrics = {"domain_loss": domain_loss, "spectral_loss": spectral_loss}
    total = label_loss + domain_loss + weight * penalty * spectral_loss
    return total, ({"stats": stats}, {"label_loss": label_loss, **metrics})

  return Method(init, loss, nets.predictor(net))


def spectrum(features: Float[Array, "b d"], rank: int) -> Float[Array, ""]:
  """Sum of the squares of the largest singular values."""
  return jnp.sum(jnp.linalg.svd(features, compute_uv=False)[:rank] ** 2)
