"""Validators that read the counts of an evaluation: accuracy, entropy, its balance, nuclear norm."""

import numpy as np

from adapt.evaluation.metrics import Counts, measures


def source_accuracy(source: Counts, target: Counts) -> float:
  """Accuracy on held-out source examples."""
  del target
  return float(measures(source)["accuracy"])


def entropy(source: Counts, target: Counts) -> float:
  """Minus the mean entropy of the target predictions (Morerio et al., 2018, arXiv:1711.10288)."""
  del source
  return -float(target.entropy / target.examples)


def information_maximisation(source: Counts, target: Counts) -> float:
  """Entropy of the mean target prediction minus the mean entropy (Musgrave et al., arXiv:2208.07360)."""
  mean = np.asarray(target.probability, np.float64) / float(target.examples)
  diversity = -float(np.sum(mean * np.log(np.maximum(mean, 1e-12))))
  return diversity + entropy(source, target)


def bnm(source: Counts, target: Counts) -> float:
  """Nuclear norm of the matrix of target predictions over the number of examples.

  Source: Cui et al. (2020, arXiv:2003.12237); as a validator in Musgrave et al. (arXiv:2208.07360).
  Large where predictions are sure and diverse. The singular values of P are the roots of the
  eigenvalues of PᵀP, which is a sum over examples, so that no matrix of all predictions is kept.

  Returns:
    ‖P‖_* / n, at most √(k / n) with k classes: compare runs on the same examples only.
  """
  del source
  gram = np.asarray(target.gram, np.float64)
  if not np.isfinite(gram).all():
    return float("nan")  # of a diverged run; eigenvalues of such a matrix are an error
  squares = np.linalg.eigvalsh(gram)
  return float(np.sqrt(np.maximum(squares, 0)).sum() / float(target.examples))
