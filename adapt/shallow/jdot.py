"""Joint distribution optimal transport (Courty, Flamary, Habrard & Rakotomamonjy, NeurIPS 2017)."""

from collections.abc import Callable

import numpy as np

from adapt.shallow.maps import double, kernel


def jdot(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  inputs: float = 1.0,
  ridge: float = 0.1,
  bandwidth: float = 1.0,
  iterations: int = 10,
) -> Callable[[np.ndarray], np.ndarray]:
  """A target classifier whose joint distribution is transported from the source's.

  Equations 4 and 5 (arXiv:1705.08848): min over f and plans γ of
  Σ_ij γ_ij (inputs · d(x_i, x_j) + ‖y_i − f(x_j)‖²) + ridge ‖f‖², in turns. d is the squared distance
  over the largest one, y is one-hot. For a plan, f is kernel ridge regression on what each target
  example is sent, m Σ_i γ_ij y_i; for an f, γ is the exact plan. The first plan looks at d alone.

  Departs from the authors' code in the loss, squared as in theirs for regression, where theirs for
  classes is a squared hinge, and in the settings: theirs are chosen by reverse validation.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    inputs: weight of the distance of inputs beside that of labels (the paper's α).
    ridge: weight of f's norm (its λ).
    bandwidth: of the Gaussian kernel, times the median squared distance; 0: linear.
    iterations: pairs of plan and f, 10 in the authors' code.

  Returns:
    Target inputs [b, d] → classes [b].

  Raises:
    ValueError: a setting out of range.
  """
  classes = np.unique(ys)
  onehot = (ys[:, None] == classes).astype(np.float64)  # [n, c]
  scores = coupled(xs, onehot, xt, inputs, ridge, bandwidth, iterations)
  return lambda x: np.asarray(classes[scores(x).argmax(1)])


def coupled(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  inputs: float,
  ridge: float,
  bandwidth: float,
  iterations: int,
) -> Callable[[np.ndarray], np.ndarray]:
  """The equations' regression f for labels ys [n, c].

  It takes target inputs [b, d] to [b, c].
  """
  import ot

  if iterations < 1 or not inputs > 0 or not ridge > 0 or not bandwidth >= 0:
    raise ValueError(
      f"iterations {iterations}, inputs {inputs}, ridge {ridge}, bandwidth {bandwidth}: choose at "
      "least 1, above 0, above 0, and 0 or more"
    )
  apart = ot.dist(double(xs), double(xt))
  apart = inputs * apart / apart.max()  # [n, m]
  gram = kernel(double(xt), bandwidth, "jdot")
  k = gram(double(xt))
  cost = apart
  for _ in range(iterations):
    plan = ot.emd(ot.unif(len(xs)), ot.unif(len(xt)), cost)
    beta = np.linalg.solve(k + ridge * np.eye(len(xt)), len(xt) * plan.T @ ys)
    cost = apart + ot.dist(ys, k @ beta)
  return lambda x: np.asarray(gram(double(x)) @ beta)
