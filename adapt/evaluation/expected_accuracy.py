"""Expected target accuracy of a source model, from probabilities alone.

All are calibrated on held-out source examples, and hold as far as the model's confidence tells right
from wrong in the target as it does in the source.
"""

import itertools
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import sparse
from scipy.optimize import linprog, minimize_scalar

_TINY = 1e-12
_SURE = 5.0  # nats, below which MaNo's authors do not trust the softmax


class Expected(NamedTuple):
  """Estimates of the accuracy in the target, 0 to 1."""

  source_accuracy: float  # on the held-out source examples
  average_confidence: float
  doc: float
  atc: float


def expected_accuracy(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  target: Float[np.ndarray, "m k"],
) -> Expected:
  """All estimates, after the temperature is fitted to the held-out source.

  Args:
    source: probabilities for source examples that the model has not seen.
    labels: of those, 0 … k − 1.
    target: probabilities for target examples.

  Raises:
    ValueError: arrays that do not fit together, or rows that are no probabilities.
  """
  source, target = _checked(source, labels), _rows(target)
  if source.shape[1] != target.shape[1]:
    raise ValueError(f"{source.shape[1]} and {target.shape[1]} classes: give one model's")
  heat = temperature(source, labels)
  source, target = tempered(source, heat), tempered(target, heat)
  right = float((source.argmax(axis=1) == labels).mean())
  doc = difference_of_confidences(source, labels, target)
  return Expected(right, average_confidence(target), doc, thresholded(source, labels, target))


def average_confidence(target: Float[np.ndarray, "m k"]) -> float:
  """Mean of the greatest probability: the accuracy of a calibrated model.

  Hendrycks & Gimpel (ICLR 2017); the baseline AC of Garg et al. (ICLR 2022), section 3.
  """
  return float(_rows(target).max(axis=1).mean())


def difference_of_confidences(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  target: Float[np.ndarray, "m k"],
) -> float:
  """DoC: source accuracy less the drop of average confidence.

  Guillory et al. (ICCV 2021): acc_s − (AC_s − AC_t), cut to 0 … 1.
  """
  source = _checked(source, labels)
  right = float((source.argmax(axis=1) == labels).mean())
  found = right - average_confidence(source) + average_confidence(target)
  return float(np.clip(found, 0.0, 1.0))


def thresholded(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  target: Float[np.ndarray, "m k"],
  *,
  entropy: bool = True,
) -> float:
  """ATC: share of the target above a threshold of confidence.

  Garg et al. (ICLR 2022), equations 1 and 2: the threshold has as large a share of source scores below
  it as the source has errors. Scores at the threshold count as above.

  Args:
    source: probabilities for held-out source examples.
    labels: of those.
    target: probabilities for target examples.
    entropy: scores by negative entropy, the authors' choice; else by the greatest probability.
  """
  source, target = _checked(source, labels), _rows(target)
  scores = np.sort(_scores(source, entropy))
  wrong = int((source.argmax(axis=1) != labels).sum())
  if wrong == len(scores):
    return 0.0
  return float((_scores(target, entropy) >= scores[wrong] - _TINY).mean())


def confidence_transport(
  target: Float[np.ndarray, "m k"], shares: Float[np.ndarray, " k"], *, most: int = 1000
) -> float:
  """COT: 1 less the transport cost from class shares to target probabilities.

  Lu et al. (NeurIPS 2023, arXiv:2305.15640): ½ W₁ between one-hot labels drawn with the source's
  shares and p(x) of the target, under the L1 norm; ‖e_j − p‖₁ = 2 (1 − p_j). So the estimate is the greatest
  mean probability of labels that have these shares.

  Args:
    target: probabilities for target examples.
    shares: of the source's classes; those of the target, where they are known.
    most: target examples that are looked at, spread over all of them.

  Raises:
    ValueError: shares that are none, or of another number of classes.
  """
  target, shares = _rows(target), np.asarray(shares, np.float64)
  if shares.shape != target.shape[1:] or not (shares >= 0).all() or not shares.sum():
    raise ValueError(f"shares of shape {list(shares.shape)}: give one of {target.shape[1]} classes")
  p = target[np.linspace(0, len(target) - 1, min(most, len(target))).astype(int)]
  m, k = p.shape
  rows = sparse.kron(sparse.eye(m), np.ones((1, k)), "csr")  # every example has a label
  columns = sparse.kron(np.ones((1, m)), sparse.eye(k), "csr")  # every class its share
  right = np.concatenate([np.full(m, 1 / m), shares / shares.sum()])
  found = linprog(-p.ravel(), A_eq=sparse.vstack([rows, columns]), b_eq=right, method="highs")
  assert found.success, found.message
  return float(-found.fun)


def matrix_norm(logits: Float[np.ndarray, "m k"], *, order: float = 4.0) -> float:
  """MaNo: normalised entrywise norm of target predictions, in (0, 1].

  Xie et al. (NeurIPS 2024, arXiv:2405.18979), with the normalisation of equation 6. It rises with the
  accuracy but is none. Logits whose mean of −log softmax over all classes is at most 5 are normalised by
  1 + q + q²/2, an approximation of the exponential that is less sure, others by the softmax. The authors'
  code also subtracts each row's least value from the former; the paper does not.

  Args:
    logits: of target examples.
    order: of the norm.
  """
  q = np.asarray(logits, np.float64)
  if q.ndim != 2 or not len(q) or not np.isfinite(q).all():
    raise ValueError(f"logits of shape {list(q.shape)}: give finite numbers [n, k]")
  logs = q - q.max(axis=1, keepdims=True)
  logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
  shown = np.exp(logs) if -logs.mean() > _SURE else 1 + q + q**2 / 2
  p = shown / shown.sum(axis=1, keepdims=True)
  return float((p**order).mean() ** (1 / order))


def agreement(predicted: Int[np.ndarray, "models m"]) -> float:
  """Share of target examples on which two models agree, mean over pairs.

  Jiang et al. (ICLR 2022, arXiv:2106.13799): of models that differ by their seed, and whose
  ensemble is calibrated in the target, it is their expected accuracy there.

  Args:
    predicted: classes, a row a model; two models or more.
  """
  predicted = np.asarray(predicted)
  if predicted.ndim != 2 or len(predicted) < 2 or not predicted.shape[1]:
    raise ValueError(
      f"predictions of shape {list(predicted.shape)}: give two models or more [s, m]"
    )
  every = itertools.combinations(predicted, 2)
  return float(np.mean([(a == b).mean() for a, b in every]))


def weighted_accuracy(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  weights: Float[np.ndarray, " n"],
) -> float:
  """Source accuracy under importance weights p_t(x) / p_s(x).

  Sugiyama, Krauledat & Müller (JMLR 2007), with weights that are made to sum to 1.

  Args:
    source: probabilities for held-out source examples.
    labels: of those.
    weights: of those, not negative.
  """
  source, weights = _checked(source, labels), np.asarray(weights, np.float64)
  if weights.shape != source.shape[:1] or not (weights >= 0).all() or not weights.sum():
    raise ValueError(f"weights of shape {list(weights.shape)}: give one for each of {len(source)}")
  return float(((source.argmax(axis=1) == labels) * weights).sum() / weights.sum())


def temperature(source: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> float:
  """Temperature, 0.05 to 20, with the least log loss on held-out examples.

  Guo, Pleiss, Sun & Weinberger (ICML 2017), section 4.2.
  """
  source = _checked(source, labels)

  def loss(log_heat: float) -> float:
    shown = tempered(source, float(np.exp(log_heat)))[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(shown, _TINY)).mean())

  reach = np.log(20.0)
  found = minimize_scalar(loss, bounds=(-reach, reach), method="bounded", options={"xatol": 1e-6})
  return float(np.exp(found.x))


def tempered(probabilities: Float[np.ndarray, "n k"], heat: float) -> Float[np.ndarray, "n k"]:
  """Softmax of the logits divided by a temperature."""
  logits = np.log(np.maximum(probabilities, 1e-300)) / heat
  shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
  found: np.ndarray = shifted / shifted.sum(axis=1, keepdims=True)
  return found


def _scores(p: np.ndarray, entropy: bool) -> np.ndarray:
  found: np.ndarray = (p * np.log(np.maximum(p, 1e-300))).sum(axis=1) if entropy else p.max(axis=1)
  return found


def _checked(source: np.ndarray, labels: np.ndarray) -> np.ndarray:
  source = _rows(source)
  known = np.asarray(labels)
  if known.shape != source.shape[:1] or not ((known >= 0) & (known < source.shape[1])).all():
    raise ValueError(f"labels: give one of 0 … {source.shape[1] - 1} for each of {len(source)}")
  return source


def _rows(p: np.ndarray) -> np.ndarray:
  p = np.asarray(p, np.float64)
  if p.ndim != 2 or not len(p) or not (p >= 0).all():
    raise ValueError(f"probabilities of shape {list(p.shape)}: give [n, k], none below 0")
  if not np.allclose(p.sum(axis=1), 1, atol=1e-4):
    raise ValueError("rows are no probabilities: they must sum to 1")
  return p
