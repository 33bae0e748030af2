"""Black box shift estimation (Lipton, Wang & Smola, ICML 2018, arXiv:1802.03916)."""

import numpy as np

from adapt.weights._label_shift import Confusion, confusion, held_out, per_example, sharpness

FAMILY = "label shift"

NEEDS = ("sklearn",)


def bbse(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  soft: bool = False,
  strength: float = 0.1,
  folds: int = 5,
  sample: int = 10000,
) -> np.ndarray:
  """Weights p_t(y) / p_s(y), by inverting a classifier's confusion matrix.

      w(y) ∝ max(0, v(y)),  v = C⁻¹ μ,  an estimate of pₜ(y) / pₛ(y)
      Cᵢⱼ = pₛ(ŷ = i, y = j)      μᵢ = pₜ(ŷ = i)

  Assumes label shift: p(x | y) is the same in both domains, and no class of the target is missing
  from the source. The classifier, which says ŷ, may be poor, as long as C can be inverted.

  Where re-implementations go wrong: they count C on the classifier's own training examples, where it
  looks better than it will on the target; here it is cross-fitted. They let C be P(predicted | label),
  which gives P_t(y) and not the weight. And they take a pseudo-inverse when C has lost rank, which
  gives an answer where there is none.

  Time is that of the classifier; see `_label_shift.py`.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    soft: average the classifier's probabilities, not its decisions.
    strength: inverse regularisation of the classifier (scikit-learn's C).
    folds: of the source, for predictions by classifiers that trained on the others.
    sample: most examples of a domain that the estimate uses.

  Returns:
    Weights [n], float32, mean 1, equal within a class.

  Raises:
    ValueError: one class or too few examples of one, or the classifier confuses classes too much.
  """
  found = confusion(held_out(xs, ys, xt, strength, folds, sample, "bbse"), soft)
  return per_example(solve(found), ys, "bbse")


def solve(found: Confusion) -> np.ndarray:
  """The class weights w [k] of C w = μ.

  ValueError where C is singular, or might as well be. Its smallest singular value must exceed what
  noise alone gives, see `sharpness`.
  """
  smallest, noise = sharpness(found)
  if smallest <= noise:
    raise ValueError(
      f"bbse: the confusion matrix is singular (smallest singular value {smallest:.1g}, noise "
      f"{noise:.1g}): raise strength, or use --weights rlls, which shrinks where bbse cannot invert"
    )
  return np.linalg.solve(found.joint, found.target)
