"""Share of a target where the source has hardly any examples."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

RARE = 0.2  # density of the source, relative to the target's, below which it has hardly any
_MOST = 2000  # examples of a domain
_LANDMARKS, _STRENGTH = 300, 100.0  # of the classifier
_ERRORS = 3.0  # standard errors, from which on the share is not chance


class Uncovered(NamedTuple):
  """Share of a target that the source does not cover."""

  share: float  # 0 to 1, at least that much
  error: float  # standard error

  @property
  def seen(self) -> bool:
    """Whether it is more than chance."""
    return self.share > _ERRORS * self.error


def uncovered(
  xs: Float[np.ndarray, "n d"],
  xt: Float[np.ndarray, "m d"],
  weights: Float[np.ndarray, " n"] | None = None,
  *,
  folds: int = 3,
) -> Uncovered:
  """Share of the target where the source has hardly any examples.

  That is where it is less than a fifth as dense. The ratio of densities is that of a cross-fitted
  classifier of domains (Sugiyama, Suzuki & Kanamori, 2012, section 4): logistic regression on 300
  Gaussian features (Williams & Seeger, NIPS 2001). The source's own share in that region is taken off.
  So noise of the classifier cancels, and what is left is a lower bound on the total variation of the
  domains. New classes make it great, as do inputs that have moved; other class shares do not, unless
  a class has become five times as frequent.

  Args:
    xs: source inputs in random order.
    xt: target inputs in random order.
    weights: of the source examples, such as make class shares equal; None: they count alike.
    folds: of the classifier.

  Raises:
    ValueError: fewer examples of a domain than folds, or inputs that differ in shape.
  """
  from sklearn.kernel_approximation import Nystroem
  from sklearn.linear_model import LogisticRegression
  from sklearn.model_selection import StratifiedKFold
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import StandardScaler

  if xs.ndim != 2 or xs.shape[1:] != xt.shape[1:] or min(len(xs), len(xt)) < folds:
    raise ValueError(
      f"inputs of shapes {list(xs.shape)} and {list(xt.shape)}: give [n, d] twice, n at least {folds}"
    )
  xs, xt = xs[:_MOST], xt[:_MOST]
  own = np.ones(len(xs)) if weights is None else np.asarray(weights, np.float64)[:_MOST]
  x, domain = np.concatenate([xs, xt]), np.repeat([0, 1], [len(xs), len(xt)])
  # Both domains count alike, so that odds are the ratio of densities.
  counts = np.concatenate([own / own.sum(), np.full(len(xt), 1 / len(xt))]) * len(x) / 2
  ratio = np.empty(len(x))  # source / target
  for fit, rest in StratifiedKFold(folds, shuffle=True, random_state=0).split(x, domain):
    judge = make_pipeline(
      StandardScaler(),
      Nystroem(n_components=min(_LANDMARKS, len(fit)), gamma=1 / x.shape[1], random_state=0),
      LogisticRegression(C=_STRENGTH, max_iter=500),
    )
    judge.fit(x[fit], domain[fit], logisticregression__sample_weight=counts[fit])
    ratio[rest] = np.exp(-np.clip(judge.decision_function(x[rest]), -30, 30))
  rare = ratio < RARE
  of_source, of_target = np.average(rare[: len(xs)], weights=own), rare[len(xs) :].mean()
  size = own.sum() ** 2 / (own**2).sum()  # effective, of the weighted source
  # One is added on both sides: no share is known better than that (Agresti & Coull, 1998).
  spread = [
    (p * n + 1) * (n - p * n + 1) / (n + 2) ** 3
    for p, n in ((of_source, size), (of_target, len(xt)))
  ]
  return Uncovered(max(float(of_target - of_source), 0.0), float(np.sqrt(sum(spread))))
