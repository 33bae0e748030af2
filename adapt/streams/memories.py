"""Memories of test inputs, from which a method learns now and then.

They are filled one by one.

Inputs come one at a time into a memory of fixed room; a rule says whose place a new one takes. What is
learnt is learnt after every so many inputs, in the middle of a batch if they fall there.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class Entries(NamedTuple):
  """What a memory knows of its inputs."""

  label: Int[Array, " m"]  # predicted class, -1 where the place is empty
  uncertainty: Float[Array, " m"]
  age: Float[Array, " m"]  # how many inputs have come since, itself among them
  seen: Float[Array, " k"]  # inputs of each predicted class that have come


class Memory(NamedTuple):
  """Inputs [m, ...] and what is known of them."""

  xs: jax.Array
  entries: Entries

  def held(self) -> Float[Array, " m"]:
    """1 for the places that hold an input, else 0."""
    return (self.entries.label >= 0).astype(jnp.float32)


class Items(NamedTuple):
  """A batch on its way into a memory."""

  xs: jax.Array  # [b, ...]
  label: Int[Array, " b"]
  uncertainty: Float[Array, " b"]


# (entries, label, uncertainty, key) → the place for a new input, and whether it gets it.
Rule = Callable[[Entries, jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array]]


def empty(room: int, classes: int, xs: jax.Array) -> Memory:
  """An empty memory for inputs like xs [n, ...].

  Raises:
    ValueError: less room than classes.
  """
  if room < classes:
    raise ValueError(f"a memory of {room} for {classes} classes: set at least {classes}")
  labels = jnp.full((room,), -1, jnp.int32)
  entries = Entries(labels, jnp.zeros(room), jnp.zeros(room), jnp.zeros(classes))
  return Memory(jnp.zeros((room, *xs.shape[1:]), xs.dtype), entries)


def counts(entries: Entries) -> Float[Array, " k"]:
  """How many places each class has."""
  return (entries.label == jnp.arange(len(entries.seen))[:, None]).sum(axis=1).astype(jnp.float32)


def added(
  memory: Memory, items: Items, among: Bool[Array, " b"], rule: Rule, key: jax.Array
) -> Memory:
  """The memory after those items that are among, one after the other."""
  if items.xs.dtype != memory.xs.dtype:
    raise ValueError(
      f"source inputs are {memory.xs.dtype}, the stream's {items.xs.dtype}: give both alike"
    )
  room, b = len(memory.xs), len(items.xs)

  def one(carry: Any, item: Any) -> tuple[Any, None]:
    entries, rows = carry
    i, label, uncertainty, used, k = item
    counted = entries._replace(seen=entries.seen.at[label].add(1.0))
    place, taken = rule(counted, label, uncertainty, k)
    here = (jnp.arange(room) == place) & taken
    new = Entries(
      jnp.where(here, label, entries.label),
      jnp.where(here, uncertainty, entries.uncertainty),
      jnp.where(here, 0.0, entries.age),
      counted.seen,
    )
    new = new._replace(age=new.age + (new.label >= 0))
    both = (new, jnp.where(here, room + i, rows)), carry
    return jax.tree.map(lambda a, b: jnp.where(used, a, b), *both), None

  # Only rows move from one input to the next; the inputs themselves are copied once.
  each = jnp.arange(b), items.label, items.uncertainty, among, jax.random.split(key, b)
  (entries, rows), _ = jax.lax.scan(one, (memory.entries, jnp.arange(room)), each)
  return Memory(jnp.concatenate([memory.xs, items.xs])[rows], entries)


def passed(
  memory: Memory,
  learner: Any,
  items: Items,
  count: jax.Array,
  *,
  every: int,
  rule: Rule,
  learn: Callable[[Any, Memory], Any],
  key: jax.Array,
) -> tuple[Memory, Any]:
  """A memory and a learner after a batch.

  It learns after each `every`-th input of the stream.

  Args:
    memory: before the batch.
    learner: what learns.
    items: the batch.
    count: inputs that came before it.
    every: inputs from one lesson to the next.
    rule: whose place a new input takes.
    learn: the learner after a lesson from the memory.
    key: random key of the rule.
  """
  b = len(items.xs)
  lesson, first = (count + jnp.arange(b)) // every, count // every

  def one(k: jax.Array, both: Any) -> Any:
    memory, learner = both
    memory = added(memory, items, lesson == first + k, rule, key)
    due = (count + b) // every > first + k
    return memory, jax.lax.cond(due, learn, lambda same, _: same, learner, memory)

  most = (every + b - 2) // every + 1  # lessons that a batch may span
  after: tuple[Memory, Any] = jax.lax.fori_loop(0, most, one, (memory, learner))
  return after
