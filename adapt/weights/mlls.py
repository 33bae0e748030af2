"""Maximum-likelihood label shift: EM (Saerens, Latinne & Decaestecker, Neural Computation 14, 2002)."""

import numpy as np

from adapt.weights._label_shift import HeldOut, held_out, per_example, softmax

FAMILY = "label shift"

NEEDS = ("scipy", "sklearn")


def mlls(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  calibrate: bool = True,
  strength: float = 0.1,
  folds: int = 5,
  sample: int = 10000,
) -> np.ndarray:
  """Maximum-likelihood weights p_t(y) / p_s(y) from a classifier's probabilities.

      w(y) ∝ v(y),  v = argmax E[log Σⱼ v(j) · p[j]]  where  Σⱼ v(j) · pₛ(j) = 1
      p: calibrated probabilities of xₜ, by a classifier of the source

  Assumes label shift: p(x | y) is the same in both domains, and no class of the target is missing
  from the source. EM alternates the target's posteriors, ∝ p[y] · v(y), and their mean, the next
  v(y) · pₛ(y); the likelihood is concave in v, so its start plays no part.

  Where re-implementations go wrong: EM trusts the probabilities, so they must be calibrated, and a
  temperature alone leaves a bias per class. Here it is bias-corrected temperature scaling on
  held-out source examples (Alexandari, Kundaje & Shrikumar, ICML 2020, arXiv:1901.06852), after which
  the mean prediction on the source is the class frequency. And EM crawls where classes overlap; a
  limit of 100 steps stops it half way.

  Time is that of the classifier; see `_label_shift.py`.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    calibrate: whether to calibrate the classifier first.
    strength: inverse regularisation of the classifier (scikit-learn's C).
    folds: of the source, for predictions by classifiers that trained on the others.
    sample: most examples of a domain that the estimate uses.

  Returns:
    Weights [n], float32, mean 1, equal within a class.

  Raises:
    ValueError: one class or too few examples of one.
  """
  found = held_out(xs, ys, xt, strength, folds, sample, "mlls")
  scale, bias = calibration(found) if calibrate else (1.0, np.zeros(found.source.shape[1]))
  prior = np.bincount(found.labels) / len(found.labels)
  # The folds' classifiers need not agree, and each is a witness to every target example.
  posterior = softmax(scale * found.target + bias).reshape(-1, len(prior))
  return per_example(expectation_maximisation(posterior, prior) / prior, ys, "mlls")


def calibration(found: HeldOut) -> tuple[float, np.ndarray]:
  """The scale and per-class biases [k] of the highest likelihood.

  The scale is an inverse temperature.
  """
  from scipy.optimize import minimize

  n, k = found.source.shape
  shown = np.eye(k)[found.labels]

  def loss(p: np.ndarray) -> tuple[float, np.ndarray]:
    logits = p[0] * found.source + p[1:]
    probability = softmax(logits)
    top = logits.max(axis=1)
    total = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    error = (probability - shown) / n  # [n, k]
    gradient = np.concatenate([[(error * found.source).sum()], error.sum(axis=0)])
    return float((total - (logits * shown).sum(axis=1)).mean()), gradient

  # Classes told apart without error would have the scale grow for ever.
  bounds = [(0.0, 100.0)] + [(None, None)] * k
  options = {"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-8}
  start = np.concatenate([[1.0], np.zeros(k)])
  best = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
  return float(best[0]), best[1:]


def expectation_maximisation(
  posterior: np.ndarray, prior: np.ndarray, steps: int = 10000, tolerance: float = 1e-8
) -> np.ndarray:
  """Class frequencies q [k] of a sample, by expectation maximisation.

  The sample has source posteriors [m, k], for the source prior [k].
  """
  likelihood, q = posterior / prior, prior
  for _ in range(steps):
    joint = likelihood * q
    new = (joint / joint.sum(axis=1, keepdims=True)).mean(axis=0)
    if np.abs(new - q).sum() < tolerance:
      break
    q = new
  return new
