"""Loss on held-out source examples, where no classes are predicted."""

from adapt.evaluation import value_measures
from adapt.evaluation.label_measures import LabelCounts
from adapt.evaluation.pixel_measures import PixelCounts
from adapt.evaluation.value_measures import ValueCounts
from adapt.validators import Validator, counted

Counted = ValueCounts | PixelCounts | LabelCounts


def source_loss() -> Validator:
  """Minus the loss on held-out source examples, which ignores the target.

      score = −CE(pₛ, yₛ),  held-out;  of values −E[(ŷₛ − yₛ)²]

  Of values (regression) it is the mean squared error in standard
  deviations of the source's labels, of pixels (segmentation) and labels (multi-label) the mean
  cross-entropy in nats; of classes `source_accuracy` does the same.
  """
  return counted(score)._replace(outputs=("values", "pixels", "labels"), reads=("source",))


def score(source: Counted, target: Counted) -> float:
  """Minus the mean loss."""
  del target
  if isinstance(source, PixelCounts):
    return -float(source.loss) / max(float(source.images), 1.0)
  if isinstance(source, LabelCounts):
    return -float(source.loss) / max(float(source.examples), 1.0)
  return -value_measures.squared_error(source)
