"""Self-ensembling: agreement with a mean teacher on the target (French et al., 2018, arXiv:1706.05208)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def mean_teacher(
  net: Net,
  *,
  weight: float = 3.0,
  decay: Annotated[float, Range(0.9, 0.999)] = 0.99,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.968,
  balance: float = 0.005,
  noise: float = 0.1,
  mirror: bool = True,
) -> Method:
  """Trains on source labels and towards agreement with an averaged teacher.

      min  CE(pₛ, yₛ) + weight · (E[c · ‖pₜ − p′ₜ‖²] / k + balance · E[c] · B)
      c = 1[max p′ₜ > threshold],  B = Σⱼ BCE(p̄ₜ[j], 1/k)
      p′: θ′ on another view of x;  θ′ ← decay · θ′ + (1 − decay) · θ

  Views are images flipped, shifted and with noise, series shifted in time and with noise, other inputs
  with noise. Source and target take separate batch-norm passes. The teacher's batch statistics are
  not averaged but its own, from target batches alone, so that predictions, which the teacher makes,
  rest on the target's statistics. All of this is the authors' code; their affine warps are left out.

  Departs from the authors' code in the shifts, here up to an eighth of the image, whole pixels,
  there up to 2 pixels, with affine warps (deviation 0.1); and in the optimiser, there Adam at
  0.001.

  Where re-implementations go wrong: squares are of differences of probabilities, not of logits; an
  example below the threshold counts as 0 in a mean over the whole batch; and averaging the
  student's running statistics into the teacher's would mix the source's in.

  Args:
    weight: factor of the consistency and balance losses.
    decay: of the teacher's average, per step.
    threshold: confidence of the teacher below which an example is left out.
    balance: factor of the class balance loss within them; 0.005 for digits, 0.01 for photographs.
    noise: standard deviation of the Gaussian noise on inputs; of series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    # Copied: a buffer that is in the state twice cannot be donated.
    teacher = jax.tree.map(jnp.copy, {"net": params, "stats": stats})
    return {"net": params}, {"stats": stats, "teacher": teacher}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_teacher, k_source, k_one, k_other = jax.random.split(key, 5)
    xs = weak_and_strong.jittered(k_source, batch.xs, noise, mirror, net.kind)
    one, other = (
      weak_and_strong.jittered(k, batch.xt, noise, mirror, net.kind) for k in (k_one, k_other)
    )
    seen, teacher = batch._replace(xs=xs, xt=one), state["teacher"]
    (_, ls), (_, lt), stats = nets.both(
      net, params["net"], state["stats"], seen, k_net, joint=False
    )
    (_, taught), own = net.apply(teacher["net"], teacher["stats"], other, True, k_teacher)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    agreed = agreement(lt, taught, threshold)
    total = label_loss + weight * (agreed["consistency_loss"] + balance * agreed["balance_loss"])
    state = {"stats": stats, "teacher": {**teacher, "stats": own}}
    return total, (state, {"label_loss": label_loss, **agreed})

  def after_step(params, state):
    average = ops.ema(state["teacher"]["net"], params["net"], decay)
    return {**state, "teacher": {**state["teacher"], "net": average}}

  def predict(params, state, x):
    return nets.predictor(net)(state["teacher"], state["teacher"], x)

  return Method(init, loss, predict, after_step)


def agreement(
  lt: Float[Array, "b k"], taught: Float[Array, "b k"], threshold: jax.Array | float
) -> dict[str, jax.Array]:
  """Losses between student's and teacher's logits, and share of sure examples."""
  p, q = jax.nn.softmax(lt), jax.nn.softmax(taught)
  sure = q.max(axis=1) > threshold
  return {
    "consistency_loss": (((p - q) ** 2).mean(axis=1) * sure).mean(),
    "balance_loss": class_balance(p) * sure.mean(),
    "sure": sure.mean(),
  }


def class_balance(p: Float[Array, "b k"]) -> Float[Array, ""]:
  """Binary cross-entropy of the mean prediction under 1 / k.

  It is added up over the classes, in nats.
  """
  mean, even = p.mean(axis=0), 1.0 / p.shape[1]
  # The authors' epsilon: a class that nothing is predicted as has a finite price.
  return -jnp.sum(even * jnp.log(mean + 1e-6) + (1 - even) * jnp.log(1 - mean + 1e-6))
