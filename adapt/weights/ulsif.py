"""uLSIF: unconstrained least-squares importance fitting (Kanamori, Hido & Sugiyama, JMLR 10, 2009)."""

import numpy as np

from adapt.weights import _stages
from adapt.weights._content import clipped
from adapt.weights._kernels import (
  BANDWIDTHS,
  choices,
  distances,
  first_moment,
  fitting,
  form,
  ratios,
  second_moment,
)

FAMILY = "covariate shift"

NEEDS = ("sklearn",)
FORM = form
OUTPUTS = ("classes", "values")
RIDGES = tuple(np.geomspace(1e-3, 10.0, 9))
_PAIRS = 2000  # left out one at a time


def ulsif(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  bandwidth: float = 0.0,
  ridge: float = 0.0,
  centres: int = 100,
  clip: float = 10.0,
) -> np.ndarray:
  """Weights p_t(x) / p_s(x), fitted by least squares in closed form.

      w(x) ∝ θᵀφ(x), at most clip      θ = max(0, (H + ridge · I)⁻¹ E φ(xₜ))
      H = E[φ(xₛ) φ(xₛ)ᵀ]
      φⱼ(x) = exp(−‖x − cⱼ‖² / (bandwidth · median)),  cⱼ of the target

  Assumes covariate shift: p(y | x) is the same in both domains. The sum of Gaussian kernels at
  target points minimises the squared error to the true ratio over the source plus ridge/2 · ‖θ‖².
  Width and ridge are those of the lowest leave-one-out error, in closed form: a pair of one source
  and one target example is left out at a time.

  Where re-implementations go wrong: the clipping at 0 belongs inside the cross-validation, after
  each left-out solution; and leaving one example out divides H by n − 1, so the ridge in the closed
  form is ridge · (n − 1)/n. They pair examples by their order in the file. Where the target is far
  off, as from MNIST to USPS, one source example would count 500 times the average (effective sample
  size 0.7 %); hence `clip`.

  Time and memory are linear in n and m, times centres; see `_kernels.py`. At most 2000 random pairs
  are left out.

  Args:
    xs: source inputs [n, d]; not standardised.
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    bandwidth: of the kernel, as a multiple of the median squared distance; 0: cross-validated.
    ridge: strength of the penalty; 0: cross-validated.
    centres: number of kernels; the paper takes 100.
    clip: no example counts more than this many times the average; the paper has no such limit.

  Returns:
    Weights [n], float32, mean 1, at most clip.

  Raises:
    ValueError: too few examples, no distances, clip below 1, or too few positive ratios.
  """
  del ys
  widths = choices("bandwidth", bandwidth, BANDWIDTHS)
  ridges = choices("ridge", ridge, RIDGES)
  to = distances(xs, xt, centres, "ulsif")
  pairs = to.order[: min(len(xs), len(xt), _PAIRS)]
  best, chosen, theta = np.inf, widths[0], np.zeros(to.target.shape[1])
  for i, width in enumerate(widths, 1):
    _stages.at(f"width {i} of {len(widths)}")
    left_out = np.exp(-to.source[pairs] / width), np.exp(-to.target[: len(pairs)] / width)
    with fitting(max(len(xs), len(xt))):
      H, h = second_moment(to.source, width), first_moment(to.target, width)  # [b, b], [b]
      errors = [leave_one_out(H, h, *left_out, len(xs), len(xt), r) for r in ridges]
    if min(errors) < best:
      best, chosen = min(errors), width
      theta = np.linalg.solve(H + ridges[int(np.argmin(errors))] * np.eye(len(h)), h)
  ratio = ratios(to.source, chosen, np.maximum(theta, 0.0))
  with np.errstate(divide="ignore"):
    return clipped(np.log(ratio), clip, "ulsif")


def leave_one_out(
  H: np.ndarray, h: np.ndarray, source: np.ndarray, target: np.ndarray, n: int, m: int, ridge: float
) -> float:
  """Mean leave-one-out error ½ ratio(source)² − ratio(target) over pairs.

  Args:
    H: mean of φφᵀ over all n source examples [b, b].
    h: mean of φ over all m target examples [b].
    source: φ of the source example of each pair [p, b].
    target: φ of the target example of each pair [p, b].
    n: source examples.
    m: target examples.
    ridge: strength of the penalty.
  """
  # Without pair i: H_i = n/(n−1) · (H − φφᵀ/n), h_i = (m h − ψ)/(m−1). Sherman and Morrison's formula
  # inverts all H_i + ridge·I from the one inverse of B.
  B = H + ridge * (n - 1) / n * np.eye(len(h))
  right = np.linalg.solve(B, np.column_stack([source.T, h, target.T]))  # [b, p + 1 + p]
  p = len(source)
  by_source, by_sides = right[:, :p], m * right[:, p : p + 1] - right[:, p + 1 :]
  slack = n - np.einsum("pb,bp->p", source, by_source)
  sides = m * h[:, None] - target.T  # [b, p]
  correction = np.einsum("bp,bp->p", by_source, sides) / slack
  theta = np.maximum(by_sides + by_source * correction, 0.0) * ((n - 1) / (n * (m - 1)))
  at_source = np.einsum("pb,bp->p", source, theta)
  at_target = np.einsum("pb,bp->p", target, theta)
  return float((0.5 * at_source**2 - at_target).mean())
