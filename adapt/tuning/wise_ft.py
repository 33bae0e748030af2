"""WiSE-FT: weights between source model and tuned one (Wortsman et al., 2022, arXiv:2109.01903)."""

from typing import Any

import jax
import jax.numpy as jnp

from adapt.method import Method, Net, Params, State
from adapt.tuning import Tuning, carrying, copied


def wise_ft(*, alpha: float = 0.5) -> Tuning:
  """Trains as `full`, and predicts with interpolated weights.

      min  loss      θ⁰ + alpha · (θ − θ⁰) predicts

  It does so at every evaluation; the run itself, its losses included, is that of `full` from the
  source model.

  Where re-implementations go wrong: the interpolation is of weights, not of predictions; the
  interpolated weights are for prediction alone and must not be trained on; and of a network with
  batch normalisation the running statistics are interpolated as well, since the authors' code takes
  the whole state dict (their networks have none). So is everything else that predictions read, such
  as a teacher. A classifier that a method starts at random (the second of MCD) has no source model
  to go back to, and suffers.

  Args:
    alpha: 0 for the source model, 1 for the tuned one; 0.5 is the paper's choice where nothing is
      known of the target.
  """
  if not 0 <= alpha <= 1:
    raise ValueError(f"alpha is {alpha}: choose between 0 and 1")

  def adjust(net: Net, method: Method) -> Method:
    del net
    carried = carrying(method, "wise_ft", lambda *start: copied(start))

    def predict(params: Params, state: State, x: jax.Array) -> Any:
      own = {name: entry for name, entry in state.items() if name != "wise_ft"}
      middle, rest = between(state["wise_ft"], (params, own), alpha)
      return method.predict(middle, rest, x)

    return carried._replace(predict=predict)

  return Tuning(wrap=lambda net, progress: net, adjust=adjust)


def between(start: Any, now: Any, alpha: jax.Array | float) -> Any:
  """Interpolates float leaves: (1 − alpha) · start + alpha · now.

  Other leaves stay as they are now.
  """

  def one(a: jax.Array, b: jax.Array) -> jax.Array:
    return (1 - alpha) * a + alpha * b if jnp.issubdtype(b.dtype, jnp.floating) else b

  return jax.tree.map(one, start, now)
