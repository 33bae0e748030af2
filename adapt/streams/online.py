"""What a test-time method is: two pure functions."""

from typing import Any, NamedTuple, Protocol

import jax

from adapt.models import nets

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
  """Logits [b, k] of a batch, and the state after it.

  The batch x is [b, ...].

  The logits are as the method predicts at that moment; the state has then learnt from the batch.
  """

  def __call__(self, state: State, x: jax.Array, /) -> tuple[jax.Array, State]: ...


class Online(NamedTuple):
  """A test-time method; labels have no way in.

  Its factory takes hyper-parameters as floats, which may be traced.
  """

  init: Init
  step: Step


def norms_apart(params: Any, name: str) -> tuple[Any, Any]:
  """Splits parameters into those of normalisation layers and the rest.

  A method moves the former.

  Raises:
    ValueError: there are none; it names the method.
  """
  norms, rest = nets.norms_apart(params)
  if not norms:
    raise ValueError(f"{name} needs normalisation layers: choose another network")
  return norms, rest
