"""L2-SP: a pull towards the starting point (Li et al., ICML 2018, arXiv:1802.01483)."""

from typing import Any

import jax
import optax

from adapt.tuning import Progress, Tuning, copied


def l2_sp(*, alpha: float = 0.1, beta: float = 0.01) -> Tuning:
  """Trains everything, penalising distance to the source model and head size.

      min  loss + alpha / 2 · ‖θ − θ⁰‖² (body) + beta / 2 · ‖θ‖² (head)

  Adds the gradient of alpha/2 · ‖w − w0‖² over the body and beta/2 · ‖w‖² over the head (the L2-SP
  penalty of section 3) to the network's gradients, before the optimiser. With SGD, momentum or not,
  that is exactly training on the loss plus the penalty; with an adaptive optimiser too, as if the
  penalty were in the loss, unlike the decoupled decay of AdamW. No reported loss contains it.

  Where re-implementations go wrong: w0 is the start of *this* run, so it is remembered by value
  when training begins; weight decay towards zero would undo the pull, which therefore takes its
  place for the network; and with ½ in the penalty the gradient is alpha · (w − w0), not twice that.

  Args:
    alpha: pull of the body, biases and normalisation included, towards the start.
    beta: decay of the head, which has no meaningful start when the classes are new.
  """

  def pull(progress: Progress, weight_decay: float) -> optax.GradientTransformation:
    del progress, weight_decay  # it takes the place of the decay

    def init(params: Any) -> Any:
      return copied({n: entry for n, entry in params.items() if n != "head"})

    def update(updates: Any, start: Any, params: Any = None) -> tuple[Any, Any]:
      if params is None:
        raise ValueError("l2_sp needs the parameters: call update(updates, state, params)")
      pulled = {
        name: jax.tree.map(lambda g, w: g + beta * w, updates[name], params[name])
        for name in updates.keys() & {"head"}  # some methods train their heads on their own
      }
      pulled |= {
        name: jax.tree.map(lambda g, w, w0: g + alpha * (w - w0), updates[name], params[name], w0s)
        for name, w0s in start.items()
      }
      return pulled, start

    return optax.GradientTransformation(init, update)

  return Tuning(wrap=lambda net, progress: net, pull=pull)
