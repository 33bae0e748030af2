"""The eigenproblem of TCA and its loop, for jda, bda and tjm.

The eigenproblem is in the form that released code solves. The unknowns are one coefficient per
pooled example and component, A [n + m, k]:

  (K M K + ridge · G) a = φ K H K a, the k smallest φ, every column a of unit Euclidean length,

H centres, M is a sum of e eᵀ over its Frobenius norm, and each e takes a mean of target examples
from one of source examples. An example's features are k(x, ·) A. Inputs have unit length before the
kernel, as in the released code of JDA and TJM.

Where re-implementations go wrong: the columns' scale. With the papers' constraint Aᵀ K H K A = I, or
one coefficient per input feature, JDA's published numbers do not come out.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from adapt.shallow.maps import Map, Maps, kernel, nearest, unit

Gaps = Callable[[np.ndarray | None], np.ndarray]  # guessed target labels [m] → [n + m, c]


class Basis(NamedTuple):
  """The span of the pooled examples in the kernel's feature space.

  K = U diag(values) Uᵀ.
  """

  gram: Map  # examples of unit length [b, d] → [b, n + m]
  vectors: np.ndarray  # U [n + m, r]
  values: np.ndarray  # [r], above 0


def basis(xs: np.ndarray, xt: np.ndarray, bandwidth: float, name: str) -> Basis:
  """The basis of both domains' examples, scaled to unit length.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    bandwidth: of a Gaussian kernel, times the median squared distance; 0: a linear kernel.
    name: of the entry, for messages.

  Raises:
    ValueError: a negative bandwidth, or no distance between examples.
  """
  if not bandwidth >= 0:
    raise ValueError(f"bandwidth is {bandwidth}: choose 0 or more")
  everyone = np.concatenate([unit(xs), unit(xt)])
  gram = kernel(everyone, bandwidth, name)
  if bandwidth:
    values, vectors = np.linalg.eigh(gram(everyone))
  else:  # far fewer features than examples, often
    vectors, singular, _ = np.linalg.svd(everyone, full_matrices=False)
    values = singular**2
  kept = values > 1e-10 * values.max()
  return Basis(gram, vectors[:, kept], values[kept])


def solve(
  found: Basis,
  gaps: np.ndarray,
  dim: int,
  ridge: float,
  penalties: np.ndarray | None = None,
) -> np.ndarray:
  """The coefficients A [n + m, dim], the leading component first.

  Args:
    found: the examples' basis, rank r.
    gaps: [n + m, c], M = gaps gapsᵀ but for its norm.
    dim: number of components, at most r - 1.
    ridge: weight of the coefficients, above 0.
    penalties: the diagonal of G [n + m], above 0; None: the identity.

  Raises:
    ValueError: dim or ridge out of range.
  """
  rank, size = len(found.values), len(found.vectors)
  if not 0 < dim < rank or not ridge > 0:
    raise ValueError(f"dim {dim}, ridge {ridge}: choose 0 < dim < {rank} and a ridge above 0")
  # a = G^(-½) b, and b lies in the range of G^(-½) K, for which `own` is an orthonormal basis.
  roots = np.ones((size, 1)) if penalties is None else np.sqrt(penalties)[:, None]
  own, triangle = (
    np.linalg.qr(found.vectors / roots)
    if penalties is not None
    else (
      found.vectors,
      np.eye(rank),
    )
  )
  features = found.values[:, None] * triangle.T  # K a = U features c
  mean = np.sqrt(size) * found.vectors.mean(0) @ features
  spread = features.T @ features - np.outer(mean, mean)  # K H K
  gap = features.T @ (found.vectors.T @ gaps) / np.sqrt(np.linalg.norm(gaps.T @ gaps))
  vectors = leading(spread, gap, ridge, dim)  # K M K + ridge · G is ridge and a rank of c
  a = own @ vectors / roots
  return np.asarray(a / np.linalg.norm(a, axis=0))


def leading(above: np.ndarray, gap: np.ndarray, ridge: float, dim: int) -> np.ndarray:
  """Leading eigenvectors [r, dim] of the generalised eigenproblem.

  above v = φ (ridge · I + gap gapᵀ) v, with the largest φ.

  Args:
    above: symmetric [r, r].
    gap: [r, c], c small.
    ridge: above 0.
    dim: number of eigenvectors, below r.
  """
  from scipy.sparse.linalg import LinearOperator, eigsh

  size = len(above)
  u, singular, _ = np.linalg.svd(gap, full_matrices=False)
  shrink = 1 / np.sqrt(1 + singular**2 / ridge) - 1

  def whitened(x: np.ndarray) -> np.ndarray:  # (ridge · I + gap gapᵀ)^(-½) x
    return np.asarray((x + (u * shrink) @ (u.T @ x)) / np.sqrt(ridge))

  operator = LinearOperator(
    (size, size), matvec=lambda x: whitened(above @ whitened(x.ravel())), dtype=np.float64
  )
  start = np.ones(size) + np.arange(size) / size  # the same solution every time
  return whitened(eigsh(operator, dim, v0=start)[1][:, ::-1])


def marginal(n: int, m: int) -> np.ndarray:
  """The gap between the domains' means [n + m, 1]."""
  return np.concatenate([np.full(n, 1 / n), np.full(m, -1 / m)])[:, None]


def conditional(ys: np.ndarray, guessed: np.ndarray) -> np.ndarray:
  """Gaps [n + m, c] between the domains' means of each class.

  The gap of a class that lacks target examples is its source half.

  Args:
    ys: source labels [n].
    guessed: target labels [m].
  """
  classes = np.unique(ys)
  sides = [(y[:, None] == classes).astype(np.float64) for y in (ys, guessed)]
  source, target = (side / np.maximum(side.sum(0), 1) for side in sides)
  return np.concatenate([source, -target])


def iterate(
  domains: tuple[np.ndarray, np.ndarray, np.ndarray],
  gaps: Gaps,
  dim: int,
  ridge: float,
  iterations: int,
  bandwidth: float,
  name: str,
) -> Maps:
  """Solves, labels the target by nearest neighbours, and again with those labels.

  Args:
    domains: xs [n, d], ys [n], xt [m, d].
    gaps: the columns of M for guessed labels, None at first.
    dim: number of components.
    ridge: weight of the coefficients.
    iterations: how often it is solved.
    bandwidth: of the kernel.
    name: of the entry, for messages.

  Returns:
    Maps to features of unit length.

  Raises:
    ValueError: what `basis` and `solve` refuse, or no iteration.
  """
  if iterations < 1:
    raise ValueError(f"iterations is {iterations}: choose at least 1")
  xs, ys, xt = domains
  found = basis(xs, xt, bandwidth, name)
  guessed = None
  for k in range(iterations):
    maps = embedding(found, solve(found, gaps(guessed), dim, ridge), scaled=True)
    if k + 1 < iterations:
      guessed = nearest(maps.source(xs), ys, maps.target(xt))
  return maps


def embedding(found: Basis, a: np.ndarray, *, scaled: bool) -> Maps:
  """The features x → k(x, ·) A, optionally scaled to unit length."""

  def embed(x: np.ndarray) -> np.ndarray:
    z = np.asarray(found.gram(unit(x)) @ a)
    return unit(z) if scaled else z

  return Maps(embed, embed)
