"""Model selection without target labels: scores from source labels and target inputs; higher is better."""

from collections.abc import Callable

import numpy as np

from adapt.evaluate import Counts, measures

DEFAULT = "information_maximisation"


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


VALIDATORS: dict[str, Callable[[Counts, Counts], float]] = {
  f.__name__: f for f in (source_accuracy, entropy, information_maximisation)
}
