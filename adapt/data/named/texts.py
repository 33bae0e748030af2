"""Amazon reviews as token ids for the network `minilm`.

Paper: Blitzer, Dredze and Pereira, ACL 2007.

The published reviews have no split: a fixed fifth of each class is the test split here, so numbers
are not comparable with the table of 5000 word counts, whose test split is another.
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np

from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split
from adapt.data.named import reviews
from adapt.data.splits import stratified
from adapt.data.text import tokenize

DataDir = str | os.PathLike | None

LENGTH = 128  # tokens: what the published network was trained with; longer reviews lose their end


def amazontext(category: str, data_dir: DataDir) -> Domain:
  """Reviews of a category as token ids [n, 128] int32.

  Repeated texts are dropped.

  Args:
    category: "books", "dvd", "electronics" or "kitchen".
    data_dir: as `prepared.arrays`.

  Raises:
    ValueError: not prepared; the tokeniser is not installed.
  """
  texts, labels = reviews.texts(category, data_dir)
  y = np.asarray(labels, np.int32)
  x = tokenize(texts, LENGTH)
  train, test = (Split(x[rows], y[rows]) for rows in stratified(y, fraction=0.2, seed=0))
  return Domain(f"amazontext_{category}", train, test, class_names.SENTIMENTS)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  f"amazontext_{category}": partial(amazontext, category) for category in reviews.CATEGORIES
}
