"""Loss on held-out source examples as a validator of values."""

from adapt.evaluation import value_measures
from adapt.evaluation.value_measures import ValueCounts
from adapt.validators import Validator, counted


def source_loss() -> Validator:
  """Minus the mean squared error on held-out source examples, in standard deviations of their labels.

  It judges values (regression); of classes `source_accuracy` does the same. It says nothing of the target.
  """
  return counted(score)._replace(outputs=("values",))


def score(source: ValueCounts, target: ValueCounts) -> float:
  """Minus the mean squared error of standardised labels."""
  del target
  return -value_measures.squared_error(source)
