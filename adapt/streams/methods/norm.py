"""Norm: batch statistics with the source's as a prior (Schneider et al., 2020, arXiv:2006.16971)."""

from typing import Any

import jax

from adapt.models.test_time import Forward
from adapt.streams.online import Online


def norm(forward: Forward, *, prior: jax.Array | float = 16.0) -> Online:
  """Normalises each batch by the source's statistics and its own.

  The source's part is N / (N + n), the batch's n / (N + n).

  Nothing is kept from batch to batch, and no parameter moves (eq. 3).

  Departs from the authors' code in the weight, which there is given as one number, here as N of the
  paper; and in the batch's variance, which is the unbiased one there.

  Where re-implementations go wrong: running averages over the stream, which make it another method;
  the prior's weight taken for the batch's.

  Args:
    forward: the network.
    prior: N, how many examples the source's statistics count for; 0 is the batch alone.
  """

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    return params, stats

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    params, stats = state
    return forward(params, stats, x, source=prior / (prior + len(x)))[1], state

  return Online(init, step)
