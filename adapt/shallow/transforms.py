"""Shallow alignment: feature maps in closed form, by name.

The list here is of all that there are. A transform is NAME(xs, xt, *, hyper-parameters) -> Maps,
and sees no label; or, where it needs those of the source, NAME(xs, ys, xt, *, hyper-parameters) ->
Maps. Target labels nobody sees. `TRANSFORMS` has them by name; what classifies the mapped features
is in classifier.py.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from adapt import catalogue
from adapt.shallow.bda import bda
from adapt.shallow.jda import jda
from adapt.shallow.jgsa import jgsa
from adapt.shallow.maps import Maps, directions, double, kernel
from adapt.shallow.otda import otda
from adapt.shallow.pca import pca
from adapt.shallow.tjm import tjm


def none(xs: np.ndarray, xt: np.ndarray) -> Maps:
  """No adaptation: both domains stay as they are."""
  del xs, xt
  return Maps(double, double)


def coral(xs: np.ndarray, xt: np.ndarray, *, ridge: float = 1.0) -> Maps:
  """Correlation alignment (Sun, Feng & Saenko, AAAI 2016, arXiv:1511.05547, algorithm 1).

  Whitens the source with its own covariance and colours it with the target's: x → x Cs^(-½) Ct^(½),
  C = cov + ridge · I. The target stays. Means stay too: the paper standardises both domains first.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    ridge: added to both covariances' diagonals; 1 in the paper.

  Raises:
    ValueError: a ridge below 0, or of 0 where a covariance is singular.
  """
  if not ridge >= 0:
    raise ValueError(f"ridge is {ridge}: choose 0 or more")
  a = _power(_covariance(xs, ridge), -0.5) @ _power(_covariance(xt, ridge), 0.5)  # [d, d]
  return Maps(lambda x: double(x) @ a, double)


def sa(xs: np.ndarray, xt: np.ndarray, *, dim: int = 80) -> Maps:
  """Subspace alignment (Fernando, Habrard, Sebban & Tuytelaars, ICCV 2013, algorithm 1).

  Projects each domain on its own principal directions P and turns the source's into the target's:
  x → x Ps (Psᵀ Pt) for the source, x → x Pt for the target. Nothing is centred but for finding P.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    dim: of the subspaces, 80 in the authors' released script; at most what the smaller domain has.
  """
  ps, pt = _subspaces(xs, xt, dim)
  aligned = ps @ (ps.T @ pt)
  return Maps(lambda x: double(x) @ aligned, lambda x: double(x) @ pt)


def gfk(xs: np.ndarray, xt: np.ndarray, *, dim: int = 20) -> Maps:
  """Geodesic flow kernel (Gong, Shi, Sha & Grauman, CVPR 2012, equations 4-6).

  Both subspaces are of principal directions. The kernel integrates the inner products after projection
  on every subspace Φ(t) of the geodesic from the source's to the target's: xᵀ G y, with
  G = ∫₀¹ Φ(t) Φ(t)ᵀ dt. The map is a square root of G, so that distances and inner products of mapped
  examples are the kernel's.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    dim: of the subspaces, 20 in the authors' released script; at most what the smaller domain has.
  """
  ps, pt = _subspaces(xs, xt, dim)
  u, cosine, vt = np.linalg.svd(ps.T @ pt)
  cosine = np.clip(cosine, 0, 1)
  angle = np.arccos(cosine)  # [k] principal angles
  start = ps @ u
  rest = pt @ vt.T - start * cosine  # what of the end is orthogonal to the start: sin θ long
  length = np.linalg.norm(rest, axis=0)
  side = np.where(length > 1e-12, rest / np.maximum(length, 1e-12), 0)
  # Φ(t) = start cos tθ + side sin tθ, so G = Σ over angles of [start side] [[a, b], [b, c]] [start side]ᵀ
  a = (1 + np.sinc(2 * angle / np.pi)) / 2  # ∫ cos²; numpy's sinc(x) is sin(πx) / πx
  c = (1 - np.sinc(2 * angle / np.pi)) / 2  # ∫ sin²
  b = np.sin(angle) * np.sinc(angle / np.pi) / 2  # ∫ cos sin = sin²θ / 2θ
  left, low = b / np.sqrt(a), np.sqrt(np.maximum(c - b**2 / a, 0))  # its Cholesky factor
  root = np.hstack([start * np.sqrt(a) + side * left, side * low])  # [d, 2k]
  return Maps(lambda x: double(x) @ root, lambda x: double(x) @ root)


def tca(
  xs: np.ndarray, xt: np.ndarray, *, dim: int = 30, mu: float = 1.0, bandwidth: float = 1.0
) -> Maps:
  """Transfer component analysis (Pan et al., IEEE TNN 2011, equation 8).

  Coefficients W over all n + m examples that keep variance and bring the two means together in the
  kernel's feature space: the leading eigenvectors of (KLK + μI)⁻¹ KHK, embedding x → k(x, ·) W, with
  the Gaussian kernel exp(−‖x − y‖² / (bandwidth · median squared distance)).

  Where re-implementations go wrong: where each domain is standardised by itself both means are 0, so
  under a linear kernel L finds nothing to remove and what is left is kernel PCA. The published rows
  of JDA's authors are not of this equation but of their code: `jda` with one iteration.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    dim: number of components.
    mu: weight of W's norm, above 0.
    bandwidth: of the kernel, as a multiple of the median squared distance; 0: a linear kernel.

  Raises:
    ValueError: mu not above 0, a negative bandwidth, too few examples, or no distance between them.
  """
  from scipy.sparse.linalg import LinearOperator, eigsh

  n, size = len(xs), len(xs) + len(xt)
  if not mu > 0 or not bandwidth >= 0 or not 0 < dim < size:
    raise ValueError(
      f"mu {mu}, bandwidth {bandwidth}, dim {dim}: choose mu > 0, bandwidth ≥ 0, 0 < dim < {size}"
    )
  everyone = np.concatenate([double(xs), double(xt)])
  gram = kernel(everyone, bandwidth, "tca")
  k = gram(everyone)  # [n + m, n + m]
  gap = k[:, :n].mean(1) - k[:, n:].mean(1)  # K l, and L = l lᵀ: KLK + μI is μI and a rank of one
  squared = gap @ gap
  shrink = (np.sqrt(mu / (mu + squared)) - 1) / squared if squared else 0.0

  def whitened(x: np.ndarray) -> np.ndarray:  # (KLK + μI)^(-½) x
    return np.asarray((x + np.multiply.outer(gap, shrink * (gap @ x))) / np.sqrt(mu))

  def spread(x: np.ndarray) -> np.ndarray:
    y = k @ whitened(x.ravel())
    return whitened(k @ (y - y.mean()))

  operator = LinearOperator((size, size), matvec=spread, dtype=np.float64)
  _, vectors = eigsh(operator, dim, v0=np.ones(size) + np.arange(size) / size)
  w = whitened(vectors[:, ::-1])  # [n + m, dim], the leading one first
  return Maps(lambda x: gram(double(x)) @ w, lambda x: gram(double(x)) @ w)


def msda(xs: np.ndarray, xt: np.ndarray, *, noise: float = 0.5, layers: int = 5) -> Maps:
  """Features of a marginalised denoising autoencoder (msda.py), learnt from both domains.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    noise: probability of a feature to be dropped.
    layers: how many are stacked.
  """
  from adapt.shallow.msda import encoder

  encode = encoder(np.concatenate([xs, xt]), noise, layers)
  return Maps(encode, encode)


TRANSFORMS: dict[str, Callable[..., Maps]] = {
  f.__name__: f for f in (none, pca, coral, sa, gfk, tca, jda, bda, tjm, jgsa, otda, msda)
}


def get(name: str) -> Callable[..., Maps]:
  """The transform of that name; ValueError for an unknown one.

  The message lists the names.
  """
  if name not in TRANSFORMS:
    raise ValueError(catalogue.unknown("transform", name, TRANSFORMS))
  return TRANSFORMS[name]


def fitted(name: str, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray, **given: Any) -> Maps:
  """The maps of the named transform, with labels where it takes them.

  Args:
    name: of a transform.
    xs: source inputs [n, d].
    ys: source labels [n] of classes, or floats [n, c] of values.
    xt: target inputs [m, d].
    given: hyper-parameters that are not its defaults.

  Raises:
    ValueError: an unknown transform, or one of classes for values.
  """
  transform = get(name)
  if np.asarray(ys).dtype.kind == "f" and (refused := _of_classes(name)):
    others = ", ".join(n for n in TRANSFORMS if not _of_classes(n))
    raise ValueError(f"{refused} looks at classes, and the labels are values: choose from {others}")
  labels = (ys,) if "ys" in inspect.signature(transform).parameters else ()
  return transform(xs, *labels, xt, **given)


def _of_classes(name: str) -> str:
  """The name of a transform that needs classes, else ""."""
  return name if "ys" in inspect.signature(get(name)).parameters and name != "otda" else ""


def _covariance(x: np.ndarray, ridge: float) -> np.ndarray:
  """[d, d], n - 1 in the denominator."""
  return np.cov(double(x).T) + ridge * np.eye(x.shape[1])


def _power(symmetric: np.ndarray, exponent: float) -> np.ndarray:
  """The symmetric power of a positive definite matrix; ValueError if it is singular."""
  values, vectors = np.linalg.eigh(symmetric)
  if values[0] <= 1e-12 * values[-1]:
    raise ValueError("a covariance is singular: give a ridge above 0")
  return np.asarray((vectors * values**exponent) @ vectors.T)


def _subspaces(xs: np.ndarray, xt: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
  """The leading principal directions of each domain, [d, k] each."""
  most = min(len(xs) - 1, len(xt) - 1, xs.shape[1])
  if dim < 1 or most < 1:
    raise ValueError(f"dim is {dim} of at most {most}: give at least 1, and two examples a domain")
  ps, pt = (directions(double(x), min(dim, most)) for x in (xs, xt))
  return ps, pt
