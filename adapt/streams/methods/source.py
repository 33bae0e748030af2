"""The source model as it is, under its running statistics.

Every test-time method is held against it.
"""

from typing import Any

import jax

from adapt.models.test_time import Forward
from adapt.streams.online import Online


def source(forward: Forward) -> Online:
  """Predicts in evaluation mode and learns nothing.

  Where re-implementations go wrong: comparing with the source model under batch statistics, which is
  the method `norm`.
  """

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    return params, stats

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    params, stats = state
    return forward(params, stats, x, source=1.0)[1], state

  return Online(init, step)
