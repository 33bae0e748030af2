"""Loss on held-out source examples as a validator of values and pixels."""

from adapt.evaluation import value_measures
from adapt.evaluation.pixel_measures import PixelCounts
from adapt.evaluation.value_measures import ValueCounts
from adapt.validators import Validator, counted


def source_loss() -> Validator:
  """Minus the loss on held-out source examples, which ignores the target.

  Of values (regression) it is the mean squared error in standard
  deviations of the source's labels, of pixels (segmentation) the mean cross-entropy in nats; of
  classes `source_accuracy` does the same.
  """
  return counted(score)._replace(outputs=("values", "pixels"))


def score(source: ValueCounts | PixelCounts, target: ValueCounts | PixelCounts) -> float:
  """Minus the mean loss."""
  del target
  if isinstance(source, PixelCounts):
    return -float(source.loss) / max(float(source.images), 1.0)
  return -value_measures.squared_error(source)
