"""RoTTA: a balanced memory, robust statistics and a timely teacher (Yuan et al., 2023, arXiv:2303.13899)."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from adapt.augment import test_time_views
from adapt.losses import ops, soft_labels
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import memories, online
from adapt.streams.online import Online


class Learner(NamedTuple):
  """Scales, shifts and statistics of student and teacher."""

  norms: Any
  stats: Any
  teacher: Any
  teacher_stats: Any
  moments: Any
  lessons: jax.Array


def rotta(
  forward: Forward,
  *,
  rate: jax.Array | float = 1e-3,
  decay: jax.Array | float = 0.999,
  robust: jax.Array | float = 0.05,
  room: int = 64,
  every: int = 64,
  mirror: bool = False,
  noise: jax.Array | float = 0.1,
) -> Online:
  """Scales and shifts learn from a class-balanced memory.

  Their statistics move slowly.

  The teacher predicts in evaluation mode, under its own moving statistics. Each input then asks for a
  place in the memory: of its class if that has its share, else of the largest classes, whose oldest
  and least certain entry leaves if it is worse than the new one (Algorithm 1). After every 64
  inputs the student, which sees a strong view of the memory, takes one Adam step on its cross-entropy
  under the teacher, old entries counting less.

  Departs from the authors' code in its views (see `augment.test_time_views`), in no flips unless asked
  for, and in entropies without the 1e-6 inside their logarithm.

  Where re-implementations go wrong: the batch in place of the memory, statistics of the memory alone, a
  teacher that shares the student's statistics, updates at each batch whatever its size.

  Args:
    forward: the network.
    rate: Adam's learning rate.
    decay: of the teacher's average; 1 - ν of the paper.
    robust: weight of the memory in the moving statistics; α of the paper.
    room: of the memory.
    every: inputs from one step to the next; the room in the paper.
    mirror: whether views of images are flipped; True in the paper, False for digits.
    noise: of views that are no images, in the inputs' units.

  Raises (when started):
    ValueError: no normalisation layers, or less room than classes.
  """
  optimizer = optax.adam(rate)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "rotta")
    memory = memories.empty(room, len(params["head"]["bias"]), xs)
    both = norms, stats, norms, stats
    return memory, Learner(*both, optimizer.init(norms), jnp.int32(0)), jnp.int32(0), rest

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    memory, learner, count, rest = state

    def under(norms: Any, stats: Any, x: jax.Array, held: jax.Array) -> tuple[jax.Array, Any]:
      return robustly(forward, nets.joined(norms, rest), stats, x, robust, held)

    def learn(now: Learner, memory: memories.Memory) -> Learner:
      key, held = jax.random.fold_in(jax.random.key(1), now.lessons), memory.held()
      seen = test_time_views.view(key, memory.xs, noise, mirror, forward.net.kind)
      weights = held * jax.nn.sigmoid(-memory.entries.age / room)
      targets, steady = under(now.teacher, now.teacher_stats, memory.xs, held)

      def loss(norms: Any) -> tuple[jax.Array, Any]:
        logits, stats = under(norms, now.stats, seen, held)
        each = soft_labels.soft_cross_entropy(logits, targets)
        return (weights * each).sum() / jnp.maximum(held.sum(), 1.0), stats

      gradient, stats = jax.grad(loss, has_aux=True)(now.norms)
      updates, moments = optimizer.update(gradient, now.moments)
      norms = optax.apply_updates(now.norms, updates)
      taught = ops.ema(now.teacher, norms, decay)
      return Learner(norms, stats, taught, steady, moments, now.lessons + 1)

    logits = forward(nets.joined(learner.teacher, rest), learner.teacher_stats, x, source=1.0)[1]
    items = memories.Items(x, logits.argmax(axis=-1), ops.entropy(logits))
    memory, learner = memories.passed(
      memory, learner, items, count, every=every, rule=rule, learn=learn, key=jax.random.key(0)
    )
    return logits, (memory, learner, count + len(x), rest)

  return Online(init, step)


def robustly(
  forward: Forward, params: Any, stats: Any, x: jax.Array, share: jax.Array | float, held: jax.Array
) -> tuple[jax.Array, Any]:
  """Logits under statistics moved towards those of held inputs.

  And these statistics; they move by a share.
  """
  (_, logits), own = forward.observed(params, stats, x, 1 - share, weights=held)
  return logits, ops.ema(stats, own, 1 - share)


def rule(
  entries: memories.Entries, label: jax.Array, uncertainty: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """A free place, else that of the oldest and least certain.

  Places are free while there are any for the class.
  """
  room, classes = len(entries.label), len(entries.seen)
  taken = memories.counts(entries)
  short = taken[label] < room / classes
  free = short & (taken.sum() < room)
  largest = (taken == taken.max())[entries.label]
  rivals = (entries.label >= 0) & jnp.where(short, largest, entries.label == label)

  def badness(age: jax.Array, uncertainty: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(age / room) + uncertainty / math.log(classes)

  scores = jnp.where(rivals, badness(entries.age, entries.uncertainty), -jnp.inf)
  place = jnp.where(free, jnp.argmax(entries.label < 0), jnp.argmax(scores))
  return place, free | (scores.max() > badness(jnp.float32(0.0), uncertainty))
