"""Accuracy on held-out source examples as a validator."""

from adapt.evaluation.metrics import Counts, measures
from adapt.validators import Validator, counted


def source_accuracy() -> Validator:
  """Accuracy on held-out source examples.

      score = E[1[ŷₛ = yₛ]],  held-out

  It ignores the target, so that it serves unseen ones.
  """
  return counted(score)._replace(reads=("source",))


def score(source: Counts, target: Counts) -> float:
  """The accuracy, a fraction."""
  del target
  return float(measures(source)["accuracy"])
