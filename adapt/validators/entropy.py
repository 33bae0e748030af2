"""Sure target predictions as a validator (Morerio et al., 2018, arXiv:1711.10288)."""

from adapt.evaluation.metrics import Counts
from adapt.validators import Validator, counted


def entropy() -> Validator:
  """Minus the mean entropy of target predictions (Morerio et al., 2018, arXiv:1711.10288).

      score = −E[H(pₜ)]

  Sure is not right: one class for everything, predicted surely, has the best score of all.
  """
  return counted(score)._replace(outputs=("classes", "pixels"))


def score(source: Counts, target: Counts) -> float:
  """Minus the mean entropy, in nats."""
  del source
  return -float(target.entropy / target.examples)
