"""CST: target pseudo-labels that must classify the source too (Liu et al., 2021, arXiv:2103.03571)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import memory_bank, ops, sharpness, soft_labels
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"

TERMS = ("label_loss", "cycle_loss", "tsallis_loss", "pseudo_loss")


def cst(
  net: Net,
  *,
  weight: float = 0.5,
  tsallis: float = 0.08,
  pseudo: float = 0.5,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.97,
  temperature: float = 2.0,
  index: Annotated[float, Range(1.1, 2.0)] = 1.9,
  ridge: Annotated[float, Range(0.0001, 0.1, "log")] = 0.001,
  radius: Annotated[float, Range(0.01, 2.0, "log")] = 0.5,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains features on which a classifier of target pseudo-labels fits the source.

      min  L(θ + sg(radius · θ² · ∇L(θ) / ‖θ · ∇L(θ)‖))
      L = CE(pₛʷ, yₛ) + weight · E‖Uₛ Uₜᵀ (Uₜ Uₜᵀ + ridge · I)⁻¹ Ŷₜ − Yₛ‖² / k
          + tsallis · T + pseudo · E[1[max pₜʷ ≥ threshold] · CE(pₜˢ, ŷₜ)]
      T = (k − Σ Σ v · p^index / Σ v · p) / (index − 1),  v = sg(1 + exp(−H(p)))

  Predictions label the target; a ridge regression on unit target features U, solved in closed form,
  learns those labels and is to predict the source's (the cycle). Beside it stand the Tsallis entropy T of
  the target, of logits over `temperature`, and fixmatch's loss. All is taken at the worst nearby network
  (ASAM). Source and weak target views share one batch-norm pass, strong ones have their own, as in the
  authors' code.

  Departs from the authors' code in the views, there without shifts for the weak and with a colour
  jitter for the strong one; in the strong views of inputs that are not images, as in fixmatch; in the
  optimiser, there without Nesterov's step; and in the model, there the best of all epochs on the
  target's labels. VisDA's options there: cycle 2, temperature 3; Office-Home's: cycle 2, Tsallis
  0.015, temperature 2.5.

  Where re-implementations go wrong: the regression is of features, so the cycle's gradient moves them
  through the solution, while labels are constants; labels Y are one-hot less 1 / k on both sides, and
  the loss is a mean over examples *and* classes; the Tsallis entropy is a *sum* over the batch, weighed
  as in mcc, and so grows with the batch; and the pseudo-labels of the second gradient are made anew at
  the worst network.

  Args:
    weight: factor of the cycle's loss.
    tsallis: factor of the Tsallis entropy.
    pseudo: factor of the loss of strong views.
    threshold: probability that a prediction needs to label a strong view.
    temperature: divides the target's logits in the Tsallis entropy.
    index: of that entropy (the paper's α); 1 is Shannon's, 2 Gini's.
    ridge: of the regression, for features of length 1.
    radius: of the way up to the worst network; 0 is plain descent.
    noise: standard deviation of the noise in the strong view of inputs that are not images; of
      series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def whole(params, stats, batch: Batch, strong, keys):
    (fs, ls), (ft, lt), stats = nets.both(net, params, stats, batch, keys[0], joint=True)
    (_, lu), stats = net.apply(params, stats, strong, True, keys[1])
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    labels = lt.argmax(axis=1)
    sure = lax.stop_gradient(jax.nn.softmax(lt).max(axis=1)) >= threshold
    pseudo_loss = (ops.cross_entropy(lu, labels) * sure).mean()
    wanted, given = (jax.nn.one_hot(y, lt.shape[1]) - 1 / lt.shape[1] for y in (batch.ys, labels))
    cycle_loss = ((regressed(ft, given, fs, ridge) - wanted) ** 2).mean()
    tsallis_loss = soft_labels.tsallis_entropy(lt / temperature, index).sum()
    total = label_loss + weight * cycle_loss + tsallis * tsallis_loss + pseudo * pseudo_loss
    parts = (label_loss, cycle_loss, tsallis_loss, pseudo_loss)
    return total, (stats, dict(zip(TERMS, parts, strict=True)))

  def loss(params, state, batch: Batch, key, progress):
    k_source, k_weak, k_strong, *k_nets = jax.random.split(key, 7)
    strong = weak_and_strong.strong(k_strong, batch.xt, noise, mirror, net.kind)
    seen = batch._replace(
      xs=weak_and_strong.weak(k_source, batch.xs, mirror, net.kind),
      xt=weak_and_strong.weak(k_weak, batch.xt, mirror, net.kind),
    )
    slope, (stats, _) = jax.grad(whole, has_aux=True)(
      params["net"], state["stats"], seen, strong, k_nets[:2]
    )
    worst = sharpness.climbed(params["net"], net.average(slope), radius, adaptive=True)
    total, (stats, metrics) = whole(worst, stats, seen, strong, k_nets[2:])
    return total, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))


def regressed(
  known: Float[Array, "m d"],
  labels: Float[Array, "m k"],
  asked: Float[Array, "n d"],
  ridge: jax.Array | float,
) -> Float[Array, "n k"]:
  """Predictions of a ridge regression without intercept, on features at length 1."""
  known, asked = memory_bank.unit(known), memory_bank.unit(asked)
  inner = lambda x: jnp.matmul(x, known.T, precision=lax.Precision.HIGHEST)
  gram = inner(known) + ridge * jnp.eye(len(known))
  return jnp.matmul(inner(asked), jnp.linalg.solve(gram, labels), precision=lax.Precision.HIGHEST)
