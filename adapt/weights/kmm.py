"""Kernel mean matching (Huang, Smola, Gretton, Borgwardt & Schölkopf, NeurIPS 2006)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapt.weights import _stages
from adapt.weights._box_programme import minimise
from adapt.weights._content import by_content
from adapt.weights._kernels import median, squared

FAMILY = "covariate shift"

NEEDS = ("piqp", "sklearn")
EXACT = 2000  # source examples that the interior point method solves for
# Of the iterations. At 10⁴ the whole programme's weights are then within 1 % of its minimiser's. Blocks
# differ from the whole by far more than their iterations leave.
_WHOLE_TOLERANCE, _BLOCK_TOLERANCE = 5e-6, 1e-4
_MEDIAN_OF = 2000  # examples of each domain
_ROWS = 2000  # of kernels to the target at a time


def _form(source: int, target: int, arguments: Mapping[str, Any]) -> str:
  """How the programme is solved for that many examples of the domains, for the record."""
  whole, block = arguments["whole"], arguments["block"]
  if source > whole:
    return f"{_parts(source, block)} blocks of at most {block}"
  return "exact" if source <= EXACT else "whole, iterated"


FORM = _form
OUTPUTS = ("classes", "values")


def kmm(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  bandwidth: float = 1.0,
  bound: float = 10.0,
  eps: float = 0.1,
  whole: int = 10000,
  block: int = 5000,
) -> np.ndarray:
  """Weights that match the domains' means in the kernel's feature space.

      w ∝ argmin  ½ wᵀKw − n · Σᵢ wᵢ E κ(xₛᵢ, xₜ)      Kᵢⱼ = κ(xₛᵢ, xₛⱼ)
      where  0 ≤ w ≤ bound  and  |w̄ − 1| ≤ eps
      κ(x, x′) = exp(−‖x − x′‖² / (bandwidth · median))

  Solves the quadratic programme of the paper's equation 5, and divides its w by their mean.

  Where re-implementations go wrong: κ has the factor n / m; and the paper's own bound = 1000 with
  eps = (√n − 1)/√n constrains next to nothing, so a handful of examples carries all the weight
  (n = 2000 in 20 dimensions: effective sample size 3 %, with bound = 10 it is 12 %).

  Up to 2000 source examples are solved for by PIQP's interior point method. Up to `whole` the same
  programme is solved by accelerated gradients on a kernel matrix in float32, until a step is 5 · 10⁻⁶
  of the weights: of 10⁴ Gaussian examples of 100 features they are within 0.8 % (relative L2) of its
  minimiser. With few features many weights have nearly the lowest objective; these then vary less
  from one example to the next than an interior point's. More are split at random into blocks of equal
  size, each matched to the same random target sample (partitioned matching; Miao, Farahat & Kamel,
  ICDM 2015): every block is a sample of the same source distribution, so the weights estimate the same
  density ratio, at a cost linear in n. Single weights are not the whole programme's, whose finest part
  hangs on every other example: of the same 10⁴, two blocks of 5000 give weights that differ from it by
  38 % (correlation 0.91), five of 2000 by 47 % (0.86).

  Args:
    xs: source inputs [n, d].
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    bandwidth: of the kernel, as a multiple of the median squared distance.
    bound: largest weight, before the division that makes the mean exactly 1.
    eps: how far the mean may be from 1 before that division.
    whole: most source examples in one programme, and most target examples that are compared with;
      memory is 4 whole² bytes.
    block: most source examples in a block, where there are more than `whole`; time grows with it.

  Returns:
    Weights [n], float32, mean 1.

  Raises:
    ValueError: piqp is not installed, no weights satisfy the constraints, they are not found, or no
      bandwidth exists.
  """
  del ys
  if bandwidth <= 0 or block < 1 or whole < 1:
    raise ValueError(f"bandwidth {bandwidth}, whole {whole}, block {block}: choose positive ones")
  if not 0 <= eps < 1 or bound < 1 - eps:
    raise ValueError(f"bound {bound} and eps {eps} leave no weights: choose bound ≥ 1, 0 ≤ eps < 1")
  if len(xs) > min(whole, EXACT):
    return _large(xs, xt, bandwidth, bound, eps, whole, block)
  rng = np.random.default_rng(0)
  xt = xt if len(xt) <= EXACT else xt[rng.choice(len(xt), EXACT, replace=False)]
  scale = bandwidth * median(np.concatenate([xs, xt]), "kmm")
  within = np.exp(-squared(xs, xs) / scale)  # K [n, n]
  to_target = np.exp(-squared(xs, xt) / scale)  # [n, m]
  solution = solve(within, len(xs) * to_target.mean(axis=1), bound, eps)
  weights: np.ndarray = solution / solution.mean()
  return weights.astype(np.float32)


def _large(
  xs: np.ndarray,
  xt: np.ndarray,
  bandwidth: float,
  bound: float,
  eps: float,
  whole: int,
  block: int,
) -> np.ndarray:
  """The weights [n] of the whole programme by iterations, or of its blocks."""
  order, xt = by_content(xs), xt[by_content(xt)[:whole]]
  few = [xs[order[:_MEDIAN_OF]], xt[:_MEDIAN_OF]]
  scale = bandwidth * median(np.concatenate(few), "kmm")
  # Distances of inputs far from 0 lose their digits in float32.
  centre = xt.mean(axis=0, dtype=np.float64)
  xt = (xt - centre).astype(np.float32)
  parts = _parts(len(xs), block) if len(xs) > whole else 1
  weights = np.empty(len(xs), np.float32)
  for i, part in enumerate(np.array_split(order, parts), 1):
    _stages.at(f"block {i} of {parts}" if parts > 1 else "whole programme")
    x = (xs[part] - centre).astype(np.float32)
    sums = np.zeros(len(part))
    for j in range(0, len(xt), _ROWS):
      sums += _kernels(x, xt[j : j + _ROWS], scale).sum(axis=1, dtype=np.float64)
    kappa = len(part) / len(xt) * sums
    if len(part) <= EXACT:
      solution = solve(_kernels(x, x, scale).astype(np.float64), kappa, bound, eps)
    else:
      tolerance = _WHOLE_TOLERANCE if parts == 1 else _BLOCK_TOLERANCE
      solution = minimise(_kernels(x, x, scale), kappa, bound, eps, tolerance)
    weights[part] = solution / solution.mean()
  return weights


def _parts(source: int, block: int) -> int:
  """Into how many blocks so many source examples are split."""
  return -(-source // block)


def _kernels(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
  """exp(−‖x − y‖² / scale) [n, m] in float32, with one matrix of that size in memory."""
  found = x @ y.T
  found *= np.float32(2)
  found -= np.einsum("nd,nd->n", x, x)[:, None]
  found -= np.einsum("nd,nd->n", y, y)
  found /= np.float32(scale)
  return np.exp(found, out=found)


def solve(kernel: np.ndarray, kappa: np.ndarray, bound: float, eps: float) -> np.ndarray:
  """The weights [n] that minimise ½ wᵀKw − κᵀw under the constraints.

  ValueError if the programme is not solved.
  """
  import piqp

  n = len(kappa)
  solver = piqp.DenseSolver()
  total, low, high = np.ones((1, n)), np.array([n * (1 - eps)]), np.array([n * (1 + eps)])
  # No ridge: the solver's own proximal term copes with a kernel matrix of deficient rank.
  solver.setup(kernel, -kappa, None, None, total, low, high, np.zeros(n), np.full(n, bound))
  status = solver.solve()
  if status != piqp.PIQP_SOLVED:
    raise ValueError(f"kernel mean matching did not converge ({status}): lower block or bound")
  return np.clip(solver.result.x, 0.0, bound)
