"""LP-FT: first the head alone, then everything (Kumar et al., ICLR 2022, arXiv:2202.10054)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from adapt.method import Net
from adapt.tuning import Progress, Tuning


def lp_ft(*, share: float = 0.5) -> Tuning:
  """Trains the head on the source model's features, then the whole network.

      1. head  min  loss  while q < share      the body is that of θ⁰
      2. all   min  loss  from then on

  A head that does not fit yet sends large gradients into the body and distorts its features, which
  costs accuracy away from the training data (section 3 of the paper); a head that fits does not.

  Where re-implementations go wrong: in the first part the features must stay exactly those of the
  source model, so the body runs in evaluation mode (no batch statistics move, no dropout) and no
  weight decay reaches it; and the second part starts from the head that the first has trained, not
  from another. Here both parts share one optimiser and one learning-rate schedule, where the paper
  begins a second run: the head keeps its momentum, and with adam, which counts all steps, the first
  steps of the body are up to three times as long as in a run of their own.

  Args:
    share: of all steps for the head alone.
  """
  if not 0 <= share <= 1:
    raise ValueError(f"share is {share}: choose between 0 and 1")

  def wrap(net: Net, progress: Progress) -> Net:
    def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
      if not train:
        return net.apply(params, stats, x, False, key)

      def head_alone() -> Any:
        fixed = {n: p if n == "head" else lax.stop_gradient(p) for n, p in params.items()}
        return net.apply(fixed, stats, x, False, None)[0], stats

      # Not two passes and a choice: only the branch that is taken is computed, but under vmap.
      return lax.cond(
        jnp.asarray(progress) < share, head_alone, lambda: net.apply(params, stats, x, True, key)
      )

    return Net(net.init, apply)

  def pull(progress: Progress, weight_decay: float) -> optax.GradientTransformation:
    body_moves = jnp.where(jnp.asarray(progress) < share, 0.0, 1.0)

    def decayed(updates: Any, params: Any) -> Any:
      rates = {n: weight_decay if n == "head" else weight_decay * body_moves for n in updates}
      return {
        n: jax.tree.map(lambda g, w, r=rates[n]: g + r * w, update, params[n])
        for n, update in updates.items()
      }

    return optax.stateless(decayed)

  return Tuning(wrap, pull)
