"""Nuclear norm of target predictions as a validator (Cui et al., 2020, arXiv:2003.12237)."""

import numpy as np

from adapt.evaluation.metrics import Counts
from adapt.validators import Validator, counted


def bnm() -> Validator:
  """Nuclear norm of the target predictions' matrix over the number of examples.

      score = ‖P‖_* / n,  the sum of singular values;  P: all pₜ as rows

  Source: Cui et al. (2020, arXiv:2003.12237); as a validator in Musgrave et al. (arXiv:2208.07360).
  Large where predictions are sure and diverse. The singular values are the roots of the
  eigenvalues of PᵀP, which is a sum over examples, so that no matrix of all predictions is kept.
  """
  return counted(score)


def score(source: Counts, target: Counts) -> float:
  """Nuclear norm of predictions P over the number of examples n.

  ‖P‖_* / n is at most √(k / n) with k classes: compare runs on the same examples only.
  """
  del source
  gram = np.asarray(target.gram, np.float64)
  if not np.isfinite(gram).all():
    return float("nan")  # of a diverged run; eigenvalues of such a matrix are an error
  squares = np.linalg.eigvalsh(gram)
  return float(np.sqrt(np.maximum(squares, 0)).sum() / float(target.examples))
