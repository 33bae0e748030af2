"""Gaussian kernels at target points, for kliep, ulsif and rulsif.

The widths to choose from are here too. All three write the ratio as a sum of kernels, Σ_l θ_l
exp(−‖x − c_l‖² / (bandwidth · median)), where the median is of the squared distances between
examples. So a bandwidth means the same for every data set, and the same as in kmm, which takes the
distances from here.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from adapt.weights._content import by_content, refuse_unfit

# Up to this many examples of a domain all kernels are summed at once. Beyond, sums go over blocks of
# that many rows, so that a block's kernels are all that lies in memory beside the distances.
WHOLE = 5000

# From kernels that see a tenth of the typical distance to those that see three times it. The widest
# are nearly constant: a data set without a shift can say so.
BANDWIDTHS = tuple(np.geomspace(0.02, 20.0, 10))
_ROWS = 4096  # of a block of distances
_MEDIAN_OF = 500  # examples of each domain


class Distances(NamedTuple):
  """Squared distances to the kernels' centres, in units of their median.

  The median is over pairs of examples.
  """

  source: np.ndarray  # [n, b]
  target: np.ndarray  # [m, b], rows in an order by content; the first b are the centres themselves
  order: np.ndarray  # [n] the same kind of order for the source: source[order] may be cut in folds


def distances(xs: np.ndarray, xt: np.ndarray, centres: int, name: str) -> Distances:
  """Places kernels at a random subset of the target.

  All three papers do so. Time is O((n + m) · centres · d) and memory 8 (n + m) · centres bytes:
  linear in the examples.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    centres: the number of kernels, at most m.
    name: of the weighting, for messages.

  Raises:
    ValueError: too few examples, no kernels, or inputs without a distance between them.
  """
  if centres < 1:
    raise ValueError(f"centres is {centres}: choose at least 1")
  refuse_unfit(name, xs, xt, 2)
  order, xt = by_content(xs), xt[by_content(xt)]
  unit = median(np.concatenate([xs[order[:_MEDIAN_OF]], xt[:_MEDIAN_OF]]), name)
  return Distances(squared(xs, xt[:centres]) / unit, squared(xt, xt[:centres]) / unit, order)


def median(x: np.ndarray, name: str) -> float:
  """Median squared distance over pairs of rows of x [n, d].

  ValueError if it is 0.
  """
  found = float(np.median(squared(x, x)[np.triu_indices(len(x), 1)]))
  if not found > 0:
    raise ValueError(f"most examples coincide, so {name} finds no bandwidth: remove the duplicates")
  return found


def squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  """Squared Euclidean distances [n, b] in float64.

  x [n, d] is converted a block at a time.
  """
  from sklearn.metrics.pairwise import euclidean_distances

  y = y.astype(np.float64)
  found = np.empty((len(x), len(y)))
  for i in range(0, len(x), _ROWS):
    block = x[i : i + _ROWS].astype(np.float64)
    found[i : i + _ROWS] = euclidean_distances(block, y, squared=True)
  return found


def blocks(rows: int) -> Iterator[slice]:
  """The rows in blocks of at most WHOLE, or one if fewer."""
  return (slice(i, i + WHOLE) for i in range(0, rows, WHOLE))


def second_moment(to: np.ndarray, width: float) -> np.ndarray:
  """Mean of φφᵀ [b, b] over the examples.

  φ are the kernels of that width at distances `to` [n, b].
  """
  total = np.zeros((to.shape[1],) * 2)
  for block in blocks(len(to)):
    kernels = np.exp(-to[block] / width)
    total += kernels.T @ kernels
  return total / len(to)


def first_moment(to: np.ndarray, width: float) -> np.ndarray:
  """Mean of φ [b] over the examples.

  φ are the kernels of that width at distances `to` [n, b].
  """
  total = np.zeros(to.shape[1])
  for block in blocks(len(to)):
    total += np.exp(-to[block] / width).sum(axis=0)
  return total / len(to)


def ratios(to: np.ndarray, width: float, theta: np.ndarray) -> np.ndarray:
  """The density ratios Σ_l θ_l φ_l [n] of the examples.

  φ are the kernels of that width at distances `to` [n, b].
  """
  return np.concatenate([np.exp(-to[block] / width) @ theta for block in blocks(len(to))])


def fitting(examples: int) -> contextlib.AbstractContextManager[Any]:
  """Context manager for many small operations of linear algebra, without threads.

  Threads would only delay them. BLAS's threads wait for each other busily, ten times as long as
  they work where other processes hold the cores. Up to WHOLE examples it changes nothing: sums
  would be rounded otherwise.
  """
  from threadpoolctl import threadpool_limits

  return threadpool_limits(1) if examples > WHOLE else contextlib.nullcontext()


def form(source: int, target: int, arguments: Mapping[str, Any]) -> str:
  """How the sums over kernels are taken for that many examples.

  A record keeps the text.
  """
  del arguments
  return "exact" if max(source, target) <= WHOLE else f"exact, by blocks of {WHOLE}"


def choices(name: str, given: float, otherwise: tuple[float, ...]) -> tuple[float, ...]:
  """The values to try: the one given, all for 0.

  ValueError for a negative one.
  """
  if not given >= 0:
    raise ValueError(f"{name} is {given}: choose a positive one, or 0 to have it chosen")
  return (given,) if given else otherwise
