"""ROID: sure and diverse examples, weights held near the source (Marsden et al., 2024, arXiv:2306.00650)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.augment import test_time_views
from adapt.losses import ops, soft_labels
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import online
from adapt.streams.online import Online


def roid(
  forward: Forward,
  *,
  rate: jax.Array | float = 1e-3,
  hold: jax.Array | float = 0.99,
  decay: jax.Array | float = 0.9,
  temperature: jax.Array | float = 1 / 3,
  mirror: bool = False,
  noise: jax.Array | float = 0.1,
) -> Online:
  """Raises log-odds of certain, diverse examples.

  The result is averaged with the source model.

  An example weighs by its certainty and by how unlike the moving average of predictions it is; those
  less diverse than the mean have no part. Minimised are the soft likelihood ratio and the
  symmetric cross-entropy between each example and a view of it. After the Adam step
  scales and shifts are 99 parts of theirs to 1 of the source's. What is predicted, before the
  step, is corrected by the batch's smoothed class prior.

  Departs from the authors' code in that the prior multiplies probabilities, where there it multiplies
  logits, whatever their sign; in its views (see `augment.test_time_views`), which here have blur and noise,
  too; in no flips unless asked for; and in batches of equal examples, which have no part, and no NaN.

  Where re-implementations go wrong: gradients through the weights, the average of predictions moved
  before it is compared with, views of examples without a part among those that are normalised.

  Args:
    forward: the network.
    rate: Adam's learning rate; 0.001 for CIFAR in the paper.
    hold: weight of the adapted model in the average with the source's.
    decay: of the average of predictions.
    temperature: of the weights.
    mirror: whether views of images are flipped; True in the paper, False for digits.
    noise: of views that are no images, in the inputs' units.

  Raises (when started):
    ValueError: no normalisation layers.
  """
  optimizer = optax.adam(rate)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "roid")
    classes = len(params["head"]["bias"])
    average = jnp.full((classes,), 1 / classes)
    return norms, optimizer.init(norms), average, jnp.int32(0), (norms, rest, stats)

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    norms, moments, average, count, (first, rest, stats) = state
    key = jax.random.fold_in(jax.random.key(0), count)
    seen = test_time_views.view(key, x, noise, mirror, forward.net.kind)

    def loss(norms: Any) -> tuple[jax.Array, jax.Array]:
      params = nets.joined(norms, rest)
      logits = forward(params, stats, x, source=0.0)[1]
      w, used = weighed(jax.lax.stop_gradient(logits), average, temperature)
      others = forward(params, stats, seen, source=0.0, weights=used)[1]
      each = soft_labels.soft_likelihood_ratio(logits)
      each += soft_labels.symmetric_cross_entropy(others, logits)
      return (w * each).sum() / len(x), logits

    gradient, logits = jax.grad(loss, has_aux=True)(norms)
    updates, moments = optimizer.update(gradient, moments)
    norms = ops.ema(optax.apply_updates(norms, updates), first, hold)
    p = jax.nn.softmax(logits)
    average = ops.ema(average, p.mean(axis=0), decay)
    return corrected(logits), (norms, moments, average, count + 1, state[-1])

  return Online(init, step)


def weighed(
  logits: jax.Array, average: jax.Array, temperature: jax.Array | float
) -> tuple[jax.Array, jax.Array]:
  """Weights [b] of logits [b, k] by certainty and diversity.

  And which of them have a part.
  """

  def spread(v: jax.Array) -> jax.Array:
    width = v.max() - v.min()
    return (v - v.min()) / jnp.where(width > 0, width, 1.0)

  p = jax.nn.softmax(logits)
  lengths = jnp.linalg.norm(p, axis=-1) * jnp.linalg.norm(average)
  away = spread(1 - p @ average / jnp.maximum(lengths, 1e-8))
  used = ((away >= away.mean()) & (away.max() > 0)).astype(jnp.float32)
  return used * jnp.exp(away * spread(-ops.entropy(logits)) / temperature), used


def corrected(logits: jax.Array) -> jax.Array:
  """Log-probabilities [b, k] times the batch's smoothed class prior.

  They are up to a constant.
  """
  b, k = logits.shape
  prior = jax.nn.softmax(logits).mean(axis=0)
  smooth = max(1 / b, 1 / k) / prior.max()
  return jax.nn.log_softmax(logits) + jnp.log((prior + smooth) / (1 + smooth * k))
