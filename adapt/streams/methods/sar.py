"""SAR: flat minima of sure examples' entropy, with recovery (Niu et al., 2023, arXiv:2302.12400)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.losses import ops, sharpness
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import online
from adapt.streams.online import Online


def sar(
  forward: Forward,
  *,
  rate: jax.Array | float = 2.5e-4,
  radius: jax.Array | float = 0.05,
  margin: jax.Array | float = 0.4,
  collapsed: jax.Array | float = 0.2,
) -> Online:
  """Tent at the worst nearby parameters, on sure examples.

  It starts again where entropy collapses.

  The entropy's gradient is taken after a step of length `radius` up the gradient (eq. 4), of examples
  that are sure before and after it. A moving average of that entropy below a limit brings the source
  model back (§4.3).

  Departs from the authors' code in that all norms move, where it leaves out those of its networks' last
  block. As there, a batch of which nothing is sure moves on by momentum alone, and the average goes on
  after a recovery, so that more than one may follow.

  Where re-implementations go wrong: one filter where there are two, the gradient of the step up in
  the momentum, and a recovery that keeps the momentum.

  Args:
    forward: the network.
    rate: of SGD with momentum 0.9.
    radius: of the step up.
    margin: of the entropy, as a part of log(classes); 0.4 in the paper.
    collapsed: the average entropy in nats below which the source model comes back; 0.2 in the paper.
  """
  optimizer = optax.sgd(rate, momentum=0.9)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "sar")
    return norms, optimizer.init(norms), jnp.full((), -1.0), (norms, rest, stats)

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    norms, moments, average, (first, rest, stats) = state

    def loss(norms: Any, among: Any) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
      logits = forward(nets.joined(norms, rest), stats, x, source=0.0)[1]
      entropy = ops.entropy(logits)
      used = among & (entropy < margin * math.log(logits.shape[-1]))
      return (entropy * used).sum() / jnp.maximum(used.sum(), 1), (logits, used)

    slope = jax.grad(loss, has_aux=True)
    up, (logits, sure) = slope(norms, True)
    worst = sharpness.climbed(norms, up, radius)
    (value, (_, used)), gradient = jax.value_and_grad(loss, has_aux=True)(worst, sure)
    updates, after = optimizer.update(gradient, moments)
    mean = jnp.where(average < 0, value, 0.9 * average + 0.1 * value)  # below 0: there is none yet
    average = jnp.where(used.any(), mean, average)
    lost = (average >= 0) & (average < collapsed)
    norms, moments = jax.tree.map(
      lambda source, now: jnp.where(lost, source, now),
      (first, optimizer.init(first)),
      (optax.apply_updates(norms, updates), after),
    )
    return logits, (norms, moments, average, state[-1])

  return Online(init, step)
