"""CoTTA: a teacher averaged over views, weights restored by chance (Wang et al., 2022, arXiv:2203.13591)."""

from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import optax

from adapt.augment import test_time_views
from adapt.losses import ops, soft_labels
from adapt.models.test_time import Forward
from adapt.streams.online import Online


def cotta(
  forward: Forward,
  *,
  rate: jax.Array | float = 1e-3,
  decay: jax.Array | float = 0.999,
  restore: jax.Array | float = 0.01,
  sure: jax.Array | float = 0.92,
  views: int = 32,
  mirror: bool = False,
  noise: jax.Array | float = 0.1,
) -> Online:
  """All weights follow a moving-average teacher.

  A few of them return to the source at each step.

  The teacher predicts, before the step: its logits averaged over views where the source model is unsure
  of the batch, plain ones else. The student lowers its cross-entropy under them by one Adam step
  (eq. 1), the teacher averages the student (eq. 2), and each of the student's weights is the source's
  again with a small probability (eq. 7 and 8). All three networks normalise by the batch.

  Departs from the authors' code in its views (see `augment.test_time_views`), in no flips unless asked
  for, and in views that are drawn only where they are used.

  Where re-implementations go wrong: the student's prediction in place of the teacher's, probabilities
  averaged over views and not logits, the restored student in the teacher's average, norms alone moved.

  Args:
    forward: the network.
    rate: Adam's learning rate; 0.001 for CIFAR in the paper.
    decay: of the teacher's average.
    restore: probability that a weight is restored at a step.
    sure: mean confidence of the source model from which on no views are drawn: 0.92 for CIFAR-10, 0.72
      for CIFAR-100, 0.1 for ImageNet.
    views: of the teacher.
    mirror: whether views of images are flipped; True in the paper, False for digits.
    noise: of views that are no images, in the inputs' units.
  """
  optimizer = optax.adam(rate)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    return params, optimizer.init(params), params, jnp.int32(0), (params, stats)

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    student, moments, teacher, count, (source, stats) = state
    k_views, k_restore = jax.random.split(jax.random.fold_in(jax.random.key(0), count))

    def predicted(params: Any, x: jax.Array) -> jax.Array:
      return forward(params, stats, x, source=0.0)[1]

    def averaged(teacher: Any) -> jax.Array:
      def one(key: jax.Array) -> jax.Array:
        return predicted(teacher, test_time_views.view(key, x, noise, mirror, forward.net.kind))

      return jax.lax.map(one, jax.random.split(k_views, views)).mean(axis=0)

    confidence = jax.nn.softmax(predicted(source, x)).max(axis=-1).mean()
    targets = jax.lax.cond(confidence < sure, averaged, lambda t: predicted(t, x), teacher)
    gradient = jax.grad(lambda p: soft_labels.soft_cross_entropy(predicted(p, x), targets).mean())(
      student
    )
    updates, moments = optimizer.update(gradient, moments)
    student = optax.apply_updates(student, updates)
    teacher = ops.ema(teacher, student, decay)
    student = restored(k_restore, student, source, restore)
    return targets, (student, moments, teacher, count + 1, (source, stats))

  return Online(init, step)


def restored(key: jax.Array, now: Any, source: Any, probability: jax.Array | float) -> Any:
  """Parameters, some of whose entries are the source's.

  Each is with a probability (eq. 7 and 8).
  """
  flat, unravel = jax.flatten_util.ravel_pytree(now)
  whole = jax.flatten_util.ravel_pytree(source)[0]
  back = jax.random.uniform(key, flat.shape) < probability
  return unravel(jnp.where(back, whole, flat))
