"""Sure and diverse target predictions as a validator (Musgrave et al., 2022, arXiv:2208.07360)."""

import numpy as np

from adapt.evaluation.metrics import Counts
from adapt.validators import Validator, counted
from adapt.validators.entropy import score as negative_entropy


def information_maximisation() -> Validator:
  """Entropy of mean target prediction minus mean entropy (Musgrave et al., arXiv:2208.07360).

      score = H(E[pₜ]) − E[H(pₜ)]

  It is the mutual information of examples and predicted classes; one class for everything has none.
  """
  return counted(score)._replace(outputs=("classes", "pixels"))


def score(source: Counts, target: Counts) -> float:
  """The mutual information of examples and predicted classes, in nats."""
  mean = np.asarray(target.probability, np.float64) / float(target.examples)
  diversity = -float(np.sum(mean * np.log(np.maximum(mean, 1e-12))))
  return diversity + negative_entropy(source, target)
