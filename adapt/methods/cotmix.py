"""CoTMix: views between the domains, mixed over time (Eldele et al., 2022, arXiv:2212.01555)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.augment.image_ops import as_float
from adapt.catalogue import Range
from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"

TERMS = ("label_loss", "entropy_loss", "source_loss", "target_loss")


def cotmix(
  net: Net,
  *,
  weight: float = 0.1,
  entropy_weight: float = 0.05,
  share: Annotated[float, Range(0.5, 1.0)] = 0.9,
  around: int = 14,
  temperature: Annotated[float, Range(0.05, 1.0, "log")] = 0.2,
) -> Method:
  """Trains each domain's predictions to agree with views mixed towards the other.

      min  CE(pₛ, yₛ) + entropy_weight · H(pₜ) + weight · (τ · Sₛ + Sₜ)
      S = −E log softmaxⱼ≠ᵢ(⟨zᵢ, zⱼ⟩ / τ), mean over i's own j;  τ = temperature
      Sₛ: z = ℓ, j of the same yₛ      Sₜ: z = ℓ / ‖ℓ‖, j its own view
      view: share · xₛ + (1 − share) · mean of xₜ around, and the reverse

  In inputs that are no series the rest is another input as it stands. Each domain and each kind of view
  has its own batch-norm pass, as in the authors' code. Padding stays where it is.

  Departs from the authors' code in the label loss's factor, there 0.78 to 0.98, and the optimiser,
  there Adam. Its shares: 0.9 for human activity, 0.52 and 0.72 for phones, 0.79 for sleep with 300
  steps.

  Where re-implementations go wrong: the rest is a mean over `around` steps, from half of them before to
  just below half after, round the ends; source logits are compared by inner products, whose length
  counts; an example's partners are in the softmax's sum, itself is not; τ multiplies the source's loss.

  Args:
    weight: factor of both contrastive losses; 0.1 in the authors' code.
    entropy_weight: factor of the target's entropy; 0.05 in the authors' code.
    share: of its own domain in a view (the paper's λ).
    around: steps that the other domain is averaged over (the paper's T); an even number.
    temperature: of the contrastive losses.
  """
  ops.check_shares(share=share)
  if around < 0:
    raise ValueError(f"around is {around}: choose a number of steps, 0 for none")

  def init(key, batch: Batch):
    ops.check_numbers(batch.xs, "cotmix mixes")
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_plain, k_mixed = jax.random.split(key)
    views = batch._replace(
      xs=mixed(batch.xs, batch.xt, share, around, net.kind),
      xt=mixed(batch.xt, batch.xs, share, around, net.kind),
    )
    (_, ls), (_, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, k_plain, joint=False
    )
    (_, vs), (_, vt), stats = nets.both(net, params["net"], stats, views, k_mixed, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    entropy_loss = ops.entropy(lt).mean()
    source, target = jnp.concatenate([ls, vs]), memory_bank.unit(jnp.concatenate([lt, vt]))
    source_loss = temperature * contrastive(source, jnp.tile(batch.ys, 2), temperature)
    target_loss = contrastive(target, jnp.tile(jnp.arange(len(lt)), 2), temperature)
    parts = (label_loss, entropy_loss, source_loss, target_loss)
    total = label_loss + entropy_weight * entropy_loss + weight * (source_loss + target_loss)
    return total, ({"stats": stats}, dict(zip(TERMS, parts, strict=True)))

  return Method(init, loss, nets.predictor(net))


def mixed(
  own: Float[Array, "b ..."],
  other: Float[Array, "b ..."],
  share: jax.Array | float,
  span: int,
  kind: str,
) -> Float[Array, "b ..."]:
  """Inputs mixed with others, which in series are averaged over time."""
  own, other = as_float(own), as_float(other)
  rest = averaged(other, span) if "series" in kind else other
  made = share * own + (1 - share) * rest
  if kind != "padded_series":
    return made
  real = own[:, :, -1:]  # the last channel is 1 at real steps, and padding stays 0
  return jnp.concatenate([jnp.where(real > 0, made[:, :, :-1], 0.0), real], axis=2)


def averaged(x: Float[Array, "b t ..."], span: int) -> Float[Array, "b t ..."]:
  """Mean over `span` steps round each one, which goes round the ends."""
  half = span // 2
  if half < 1:
    return x
  around = jnp.pad(x, [(0, 0), (half, half - 1), *[(0, 0)] * (x.ndim - 2)], mode="wrap")
  sizes = (1, 2 * half, *[1] * (x.ndim - 2))
  return jax.lax.reduce_window(around, 0.0, jax.lax.add, sizes, (1,) * x.ndim, "VALID") / (2 * half)


def contrastive(
  z: Float[Array, "n d"], groups: Int[Array, " n"], temperature: jax.Array | float
) -> Float[Array, ""]:
  """Contrastive loss of groups (Khosla et al., 2020)."""
  near = jnp.matmul(z, z.T, precision=jax.lax.Precision.HIGHEST) / temperature
  itself = jnp.eye(len(z), dtype=bool)
  log_p = near - jax.nn.logsumexp(jnp.where(itself, -jnp.inf, near), axis=1, keepdims=True)
  alike = (groups[:, None] == groups) & ~itself
  return -(jnp.sum(log_p, axis=1, where=alike) / alike.sum(axis=1)).mean()
