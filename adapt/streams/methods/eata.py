"""EATA: entropy steps on sure, new examples, held near the source (Niu et al., 2022, arXiv:2204.02610)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.losses import ops
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import online
from adapt.streams.online import Online


def eata(
  forward: Forward,
  *,
  rate: jax.Array | float = 2.5e-4,
  margin: jax.Array | float = 0.4,
  similarity: jax.Array | float = 0.4,
  anchor: jax.Array | float = 1.0,
  fisher_batch: int = 64,
) -> Online:
  """Tent on filtered, weighted examples, with a Fisher penalty.

  The weights are by entropy, the penalty is on scales and shifts.

  Used are examples whose entropy is below a margin and whose prediction is unlike the moving average
  of those used before (eq. 3 and 5); the surer, the more they weigh (eq. 3). Source inputs under
  the model's own labels give the Fisher information (eq. 9). No example used: no step.

  Departs from the authors' code in that its Fisher information comes from clean test images, here from
  source inputs that are given, without a last batch that is not full.

  Where re-implementations go wrong: a margin of ImageNet's 1000 classes for 10, a Fisher matrix under
  running statistics, gradients through the weights, the penalty in batches of which nothing is used.

  Args:
    forward: the network.
    rate: of SGD with momentum 0.9.
    margin: of the entropy, as a part of log(classes); 0.4 in the paper.
    similarity: highest cosine to the average prediction; 0.05 for ImageNet, 0.4 for CIFAR-10.
    anchor: weight of the penalty; 2000 for ImageNet, 1 for CIFAR-10.
    fisher_batch: source inputs in each squared gradient.

  Raises (when started):
    ValueError: no normalisation layers, or fewer source inputs than a batch.
  """
  optimizer = optax.sgd(rate, momentum=0.9)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "eata")
    count = len(xs) // fisher_batch
    if not count:
      raise ValueError(f"eata needs {fisher_batch} source inputs, not {len(xs)}")
    fisher = information(forward, (norms, rest, stats), xs[: count * fisher_batch], fisher_batch)
    average = jnp.zeros(params["head"]["bias"].shape)  # zeros: nothing was used yet
    return norms, optimizer.init(norms), average, (norms, fisher, rest, stats)

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    norms, moments, average, (first, fisher, rest, stats) = state

    def loss(norms: Any) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
      logits = forward(nets.joined(norms, rest), stats, x, source=0.0)[1]
      entropy = ops.entropy(logits)
      limit = margin * math.log(logits.shape[-1])
      used = (entropy < limit) & unlike(jax.nn.softmax(logits), average, similarity)
      weights = jnp.exp(limit - jax.lax.stop_gradient(entropy)) * used
      apart = jax.tree.map(lambda f, a, b: (f * (a - b) ** 2).sum(), fisher, norms, first)
      penalty = jax.tree.reduce(jnp.add, apart)
      mean = (entropy * weights).sum() / jnp.maximum(used.sum(), 1)
      return mean + anchor * penalty, (logits, used)

    gradient, (logits, used) = jax.grad(loss, has_aux=True)(norms)
    updates, after = optimizer.update(gradient, moments)
    count = used.sum()
    mean = (jax.nn.softmax(logits) * used[:, None]).sum(axis=0) / jnp.maximum(count, 1)
    mean = jnp.where(average.any(), 0.9 * average + 0.1 * mean, mean)
    new = optax.apply_updates(norms, updates), after, mean
    kept = jax.tree.map(lambda a, b: jnp.where(count > 0, a, b), new, (norms, moments, average))
    return logits, (*kept, state[-1])

  return Online(init, step)


def information(forward: Any, model: tuple[Any, Any, Any], xs: jax.Array, size: int) -> Any:
  """Mean squared gradients of normalisation layers (eq. 9).

  They are under the model's own labels.

  Args:
    forward: the network.
    model: its normalisation layers, other parameters and statistics.
    xs: source inputs, a multiple of `size`.
    size: inputs in each squared gradient.
  """
  norms, rest, stats = model

  def own(norms: Any, x: jax.Array) -> jax.Array:
    logits = forward(nets.joined(norms, rest), stats, x, source=0.0)[1]
    return ops.cross_entropy(logits, logits.argmax(axis=-1)).mean()

  batches = xs.reshape(len(xs) // size, size, *xs.shape[1:])
  squares = jax.lax.map(lambda x: jax.tree.map(jnp.square, jax.grad(own)(norms, x)), batches)
  return jax.tree.map(lambda v: v.mean(axis=0), squares)


def unlike(p: jax.Array, average: jax.Array, similarity: jax.Array | float) -> jax.Array:
  """Whether predictions p [b, k] are unlike their moving average [k].

  All are while it is zero.
  """
  lengths = jnp.linalg.norm(p, axis=-1) * jnp.linalg.norm(average)
  return jnp.abs(p @ average) < similarity * jnp.maximum(lengths, 1e-8)
