"""StochNorm: the batch's or the running statistics, at random (Kou et al., NeurIPS 2020)."""

from typing import Any

import jax

from adapt.method import Net
from adapt.tuning import Progress, Tuning


def stochnorm(*, p: float = 0.5) -> Tuning:
  """Trains everything; each batch-norm channel draws which statistics it uses.

      h ← (h − m) / √v · scale + shift      in a training pass, by channel
      (m, v): mean and variance, with probability p the batch's, else running

  Scale and shift are shared. Evaluation uses the running statistics.

  Where re-implementations go wrong: p is the probability of the *batch's* statistics; the draw is
  per channel and pass, not per layer or run; the running statistics used are those from before the
  pass, which moves them once, by the batch's, whatever was drawn; and no gradient passes through
  them. Here all devices draw alike, since they share the batch's statistics.

  Args:
    p: probability of the batch's statistics; 1 is usual batch normalisation.
  """
  if not 0 <= p <= 1:
    raise ValueError(f"p is {p}: choose between 0 and 1")

  def wrap(net: Net, progress: Progress) -> Net:
    del progress
    from adapt.models import stochastic  # not at the top: it imports linen

    def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
      params, stats = net.init(key, x)
      with stochastic.norms(key, p) as drawn:
        jax.eval_shape(lambda p, s, x: net.apply(p, s, x, True, key), params, stats, x[:2])
      if not drawn:
        raise ValueError(
          "stochnorm needs batch normalisation that trains, this network has none: choose another "
          "--model or --tuning"
        )
      return params, stats

    def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
      if not train or key is None:
        return net.apply(params, stats, x, train, key)
      with stochastic.norms(jax.random.fold_in(key, 1), p):
        return net.apply(params, stats, x, train, key)

    return Net(init, apply)

  return Tuning(wrap)
