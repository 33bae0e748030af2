"""Position of each domain example in its original file.

Loading has split the file into training and test.
"""

import numpy as np

from adapt.data.domain import Domain
from adapt.data.images import Images


def places(name: str, domain: Domain) -> np.ndarray:
  """Return each example's position, training split first.

  Args:
    name: what `data.read` has read.
    domain: what it has made of that.

  Returns:
    [n]: a permutation of 0 … n-1. The order of a file is x, then x_test; of a table that of its rows;
    of a folder that of its paths; of a set with a name the training split, then the test split.

  Raises:
    ValueError: some examples of the file are left out.
  """
  train, test = domain.train.x, domain.test.x
  n = len(train) + len(test)
  if domain.places is not None:
    found = domain.places
  elif isinstance(train, Images) and isinstance(test, Images) and train.source is test.source:
    found = np.concatenate([train.rows, test.rows])
  else:  # a set with a name
    found = np.arange(n)
  if not np.array_equal(np.sort(found), np.arange(n)):
    raise ValueError(f"{name} is in part alone here, so its order is unknown: load it whole")
  return found
