"""Data types `Domain` and `Split` of arrays and class names.

This is what a data set is to the rest of the code. A domain has a training and a test split.
"""

from typing import Any, NamedTuple

import numpy as np

from adapt.data.images import Images
from adapt.data.preprocessing import Preprocessing

# A table, texts or uneven series (see `raw`) stand in their place only between `read` and `encode.together`.
Inputs = np.ndarray | Images

PADDED = "padded_series"  # series whose last channel is 1 at real steps and 0 at padded ones
# What an input can be. It travels with the data and is never guessed again from a shape.
KINDS = ("image", "series", PADDED, "vector", "counts", "tokens")


class Split(NamedTuple):
  """Examples of one split.

  Images are [n, h, w, c] uint8 (scaled to [-1, 1] on the device, where they are used), encoded or
  not, or float32 (used as they are); feature vectors are [n, d] float32, token ids [n, l] int32,
  series [n, t, c, 1] float32, whose last channel may mark padding (see `ragged`).
  """

  x: Inputs
  # [n] int32, 0 … K-1, or [n, d] float32 of values (regression), or [n, h, w] int32 of pixels, below 0
  # where not scored, or [n, k] int32 of labels (multi-label); None where the labels are unknown
  y: np.ndarray | None


class Domain(NamedTuple):
  """A domain: training inputs and labels, and a test split.

  A method may see the training inputs. It is judged on the test split.
  """

  name: str
  train: Split
  test: Split
  classes: tuple[str, ...]
  kind: str = ""  # one of KINDS; "" where nobody has said: see `kind_of`
  features: tuple[str, ...] = ()  # names of the columns of vectors; () where they have none
  notes: tuple[str, ...] = ()  # what a reader has done with the user's files, a line each
  preprocessing: Preprocessing | None = None  # what has made the inputs from what was read
  places: np.ndarray | None = None  # of a file's examples: their positions there, training first
  held_out: bool = False  # whether the test split was drawn from one set, as none was given
  # Of a set with a name that is a table: its splits' tables, training first. Inputs are encoded anew
  # beside a task's other domains, as categories, medians and scale are the source's.
  tables: tuple[Any, Any] | None = None
  groups: np.ndarray | None = None  # of the test examples, [n] texts; for a measure alone
  label_type: str = ""  # of classes as a user's arrays name them: int, float, bool or str


def one_split(domain: Domain) -> bool:
  """Return whether training and test inputs are the same by construction.

  Copies of inputs do not count.
  """
  a, b = domain.train.x, domain.test.x
  if isinstance(a, Images) and isinstance(b, Images):
    return a.source is b.source and np.array_equal(a.rows, b.rows)
  return a is b


def output_of(domain: Domain) -> str:
  """Return the kind of labels, one of adapt/outputs.

  Values are floats, pixels are [n, h, w], labels are [n, k], all else are classes.
  """
  found = [split.y for split in (domain.train, domain.test) if split.y is not None]
  if any(y.ndim == 3 for y in found):
    return "pixels"
  if any(y.dtype.kind == "f" for y in found):
    return "values"
  return "labels" if any(y.ndim == 2 for y in found) else "classes"


def kind_of(domain: Domain) -> str:
  """Return what the inputs are: one of KINDS.

  Where the domain does not say it, as one made by hand, dtype and shape decide.
  """
  x = domain.train.x
  if domain.kind:
    return domain.kind
  if x.ndim == 2:
    return "vector" if x.dtype.kind == "f" else "tokens"
  return "image"


def labelled(y: np.ndarray) -> np.ndarray:
  """Return which examples have a label, as [n].

  Classes, pixels and labels are then not below 0, and values are numbers. Of pixels and labels one
  suffices.
  """
  if y.dtype.kind == "f":
    return np.asarray(np.isfinite(y).all(axis=1))
  return np.asarray((np.asarray(y) >= 0).reshape(len(y), -1).any(axis=1))
