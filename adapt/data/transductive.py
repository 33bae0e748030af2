"""The transductive protocol: a target's training examples are its test examples."""

from typing import Any

import numpy as np

from adapt.data.domain import Domain, Split, one_split
from adapt.data.images import Images
from adapt.data.raw import concatenated


def joined(target: Domain) -> Domain:
  """The target with all examples in both splits.

  Labels are in the test split alone.

  Raises:
    ValueError: a test split was given, so that there are two sets of examples.
  """
  if one_split(target):
    found = target
  elif target.held_out:
    found = _whole(target)
  else:
    raise ValueError(
      f"{target.name} has test data of its own, and --transductive judges on the training examples: "
      "leave out one of the two"
    )
  note = (
    f"{target.name} is transductive: its {len(found.test.x)} examples are adapted to without labels "
    "and judged on; compare with transductive results alone"
  )
  return found._replace(train=Split(found.train.x, None), notes=(*found.notes, note))


def unlabelled(target: Domain) -> str:
  """Says why a target's training examples have no labels."""
  if one_split(target) and target.test.y is not None:
    return f"{target.name} is transductive, so none is shown"
  return f"{target.name} has none"


def _whole(domain: Domain) -> Domain:
  """Both splits as one, its examples in the order of the file where that is known."""
  (x, y), (x_test, y_test) = domain.train, domain.test
  n = len(x) + len(x_test)
  order = np.arange(n) if domain.places is None else np.argsort(domain.places)
  every = _rows(x, x_test, order)
  labels = None if y is None or y_test is None else np.concatenate([y, y_test])[order]
  return domain._replace(train=Split(every, None), test=Split(every, labels), places=None)


def _rows(a: Any, b: Any, order: np.ndarray) -> Any:
  """Examples of two splits of one kind, in some order of both."""
  if isinstance(a, Images):
    return Images(a.source, np.concatenate([a.rows, b.rows])[order], a.side)
  return concatenated([a, b], "the splits")[order]
