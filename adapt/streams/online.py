"""What a test-time method is: pure functions that start a state and take one batch."""

from typing import Any, NamedTuple, Protocol

import jax

State = Any


class Init(Protocol):
  """The state before the stream, of a source model.

  Args:
    params: the source model's parameters, whose entry "head" is the last, linear layer.
    stats: its batch statistics.
    xs: [m, ...] source inputs without labels, for methods that keep something of the source.
  """

  def __call__(self, params: Any, stats: Any, xs: jax.Array, /) -> State: ...


class Step(Protocol):
  """Logits [b, k] of a batch x [b, ...] as the state stands, and the state that has learnt from it."""

  def __call__(self, state: State, x: jax.Array, /) -> tuple[jax.Array, State]: ...


class Online(NamedTuple):
  """A test-time method. Labels have no way in; hyper-parameters may be traced floats."""

  init: Init
  step: Step
