"""JDOT for values (Courty, Flamary, Habrard & Rakotomamonjy, NeurIPS 2017, arXiv:1705.08848)."""

from collections.abc import Callable

import numpy as np

from adapt.shallow.jdot import coupled
from adapt.shallow.maps import double


def jdot_values(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  inputs: float = 1.0,
  ridge: float = 0.1,
  bandwidth: float = 1.0,
  iterations: int = 10,
) -> Callable[[np.ndarray], np.ndarray]:
  """A target regression whose joint distribution is transported from the source's.

  The paper's regression (equations 4 and 5): min over f and plans γ of
  Σ_ij γ_ij (inputs · d(x_i, x_j) + ‖y_i − f(x_j)‖²) + ridge ‖f‖², in turns. d is the squared distance
  over the largest one. For a plan, f is kernel ridge regression on the mean label that each target
  example is sent, m Σ_i γ_ij y_i; for an f, γ is the exact plan. The first plan looks at d alone.

  Labels are standardised by the source's, and predictions are in their own unit: the loss is then about as
  large as d, so that `inputs` means the same whatever the unit.

  Departs from the authors' code in that, and in the settings: theirs are chosen by reverse validation.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n, c].
    xt: target inputs [m, d].
    inputs: weight of the distance of inputs beside that of labels (the paper's α).
    ridge: weight of f's norm (its λ).
    bandwidth: of the Gaussian kernel, times the median squared distance; 0: linear.
    iterations: pairs of plan and f, 10 in the authors' code.

  Returns:
    Target inputs [b, d] → values [b, c].

  Raises:
    ValueError: a setting out of range, or source labels that do not vary.
  """
  y = double(ys)
  mean, std = y.mean(axis=0), y.std(axis=0)
  if not np.ptp(y, axis=0).all():  # the deviation of equal numbers is not always 0
    raise ValueError("the source labels do not vary: there is nothing to learn")
  predict = coupled(xs, (y - mean) / std, xt, inputs, ridge, bandwidth, iterations)
  return lambda x: predict(x) * std + mean
