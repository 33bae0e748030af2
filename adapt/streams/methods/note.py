"""NOTE: instance-aware norms and a class-balanced memory (Gong et al., 2022, arXiv:2208.05117)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.losses import ops
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import memories, online
from adapt.streams.online import Online


def note(
  forward: Forward,
  *,
  rate: jax.Array | float = 1e-4,
  momentum: jax.Array | float = 0.01,
  errors: jax.Array | float = 4.0,
  room: int = 64,
  every: int = 64,
) -> Online:
  """Learns from a memory that is balanced over predicted classes.

  Each input is predicted alone.

  Predictions take running statistics, which an image's own replace as far as they are more than 4
  standard errors away. A new input takes the place of a random one of the largest class, or
  of its own class, by reservoir sampling (Algorithm 1). After every 64 inputs one Adam step lowers the
  memory's mean entropy by scales and shifts, and the running statistics move to the memory's.

  Departs from the authors' code in that a batch is predicted before any of it is learnt, where there each
  input is predicted after all that came before; in source models that were trained with usual
  norms; and in the memory's variance, which is the unbiased one there. A norm of vectors, which have
  no pixels, is not instance-aware.

  Where re-implementations go wrong: predictions under the batch's statistics, a reservoir over all
  inputs and not over those of the class, instance statistics without the threshold.

  Args:
    forward: the network.
    rate: Adam's learning rate.
    momentum: weight of the memory in the running statistics at each step.
    errors: standard errors within which an image's own statistics do not count.
    room: of the memory.
    every: inputs from one step to the next; the room in the paper.

  Raises (when started):
    ValueError: no normalisation layers, or less room than classes.
  """
  optimizer = optax.adam(rate)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "note")
    memory = memories.empty(room, len(params["head"]["bias"]), xs)
    return memory, (norms, stats, optimizer.init(norms)), jnp.int32(0), rest

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    memory, learner, count, rest = state

    def learn(learner: Any, memory: memories.Memory) -> Any:
      norms, stats, moments = learner
      held = memory.held()

      def loss(norms: Any) -> tuple[jax.Array, Any]:
        (_, logits), own = forward.observed(
          nets.joined(norms, rest), stats, memory.xs, 0.0, weights=held, instance=errors
        )
        return ops.weighted_mean(ops.entropy(logits), held), own

      gradient, own = jax.grad(loss, has_aux=True)(norms)
      updates, moments = optimizer.update(gradient, moments)
      return optax.apply_updates(norms, updates), ops.ema(stats, own, 1 - momentum), moments

    norms, stats, _ = learner
    logits = forward(nets.joined(norms, rest), stats, x, source=1.0, instance=errors)[1]
    items = memories.Items(x, logits.argmax(axis=-1), jnp.zeros(len(x)))
    key = jax.random.fold_in(jax.random.key(0), count)
    memory, learner = memories.passed(
      memory, learner, items, count, every=every, rule=rule, learn=learn, key=key
    )
    return logits, (memory, learner, count + len(x), rest)

  return Online(init, step)


def rule(
  entries: memories.Entries, label: jax.Array, uncertainty: jax.Array, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """A free place, else a random one of a largest class.

  Where the input's own class is a largest one, by reservoir.
  """
  k_class, k_place, k_chance = jax.random.split(key, 3)
  taken = memories.counts(entries)
  largest = taken == taken.max()
  drawn = jnp.where(largest, jax.random.uniform(k_class, taken.shape), -1.0).argmax()
  owner = jnp.where(largest[label], label, drawn)
  chances = jax.random.uniform(k_place, entries.label.shape)
  rival = jnp.where(entries.label == owner, chances, -1.0).argmax()
  free = taken.sum() < len(entries.label)
  kept = jax.random.uniform(k_chance) <= taken[label] / entries.seen[label]
  place = jnp.where(free, jnp.argmax(entries.label < 0), rival)
  return place, free | ~largest[label] | kept
