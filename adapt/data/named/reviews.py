"""Amazon reviews as counts, frequencies or texts (Blitzer et al., 2007).

Paper: Blitzer, Dredze and Pereira, ACL 2007. There are 5000 counts and 400 frequencies.

The counts and their split are those of DANN's experiments (arXiv:1505.07818). The frequencies
(Gong, Grauman and Sha, ICML 2013) follow the transductive protocol of that literature: a domain's
training and test split are all of its reviews.
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split
from adapt.data.named.features import standardised

DataDir = str | os.PathLike | None

CATEGORIES = ("books", "dvd", "electronics", "kitchen")


def amazon(category: str, data_dir: DataDir) -> Domain:
  """Amazon reviews of a category as raw counts.

  Counts are [n, 5000] float32. There are 2000 training reviews.
  """

  def read(split: str) -> Split:
    x, y = prepared.arrays(f"amazon_reviews/{category}", split, data_dir)
    return Split(x.astype(np.float32), y.astype(np.int32))

  return Domain(f"amazon_{category}", read("train"), read("test"), ("negative", "positive"))


def amazon_held(category: str, data_dir: DataDir) -> Domain:
  """Training reviews of a category, with the last tenth held out.

  This is a source as DANN's reference code splits it.
  """
  whole = amazon(category, data_dir)
  x, y = whole.train
  assert y is not None  # these have labels
  n = len(x) - len(x) // 10
  return Domain(f"{whole.name}_held", Split(x[:n], y[:n]), Split(x[n:], y[n:]), whole.classes)


def amazon400(category: str, data_dir: DataDir) -> Domain:
  """Standardised frequencies of 400 words, [n, 400] float32.

  Each frequency is standardised over the category's reviews.

  As published, a frequency is a few thousandths, too small to train a network on.
  """
  x, y = prepared.arrays(f"amazon_400/{category}", "train", data_dir)
  split = Split(standardised(x), y.astype(np.int32))
  return Domain(f"amazon400_{category}", split, split, class_names.SENTIMENTS)


def texts(category: str, data_dir: DataDir = None) -> tuple[list[str], np.ndarray]:
  """Review texts of a category without duplicates.

  The negative ones come first.

  Args:
    category: one of `CATEGORIES`.
    data_dir: as `prepared.arrays`.

  Returns:
    n texts, and labels [n] int32, 0 negative and 1 positive.

  Raises:
    ValueError: not prepared, with the command that prepares it.
  """
  name = f"amazon_text/{category}"
  source = prepared._readable(name, prepared._folder(name, data_dir), "train", ())
  examples = [source[i] for i in range(len(source))]
  return (
    [example["text"].decode() for example in examples],
    np.array([example["label"] for example in examples], np.int32),
  )


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  **{f"amazon_{category}": partial(amazon, category) for category in CATEGORIES},
  **{f"amazon_{category}_held": partial(amazon_held, category) for category in CATEGORIES},
  **{f"amazon400_{category}": partial(amazon400, category) for category in CATEGORIES},
}
