"""KLIEP: Kullback-Leibler importance estimation procedure (Sugiyama et al., AISM 60, 2008)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from adapt.weights import _stages
from adapt.weights._content import clipped
from adapt.weights._kernels import (
  BANDWIDTHS,
  WHOLE,
  blocks,
  choices,
  distances,
  fitting,
  form,
)

FAMILY = "covariate shift"

NEEDS = ("scipy", "sklearn")
OUTPUTS = ("classes", "values")


def _form(source: int, target: int, arguments: Mapping[str, Any]) -> str:
  """How the programme is solved for that many examples of the domains, for the record."""
  if target > WHOLE and not arguments["bandwidth"]:
    return f"by blocks of {WHOLE}, width chosen on {WHOLE} target examples"
  return form(source, target, arguments)


FORM = _form


def kliep(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  bandwidth: float = 0.0,
  centres: int = 100,
  folds: int = 5,
  clip: float = 10.0,
) -> np.ndarray:
  """Weights p_t(x) / p_s(x) that give the target examples the highest likelihood.

      w(x) ∝ θᵀφ(x), at most clip
      θ:  max  E[log θᵀφ(xₜ)]  where  E[θᵀφ(xₛ)] = 1,  θ ≥ 0
      φⱼ(x) = exp(−‖x − cⱼ‖² / (bandwidth · median)),  cⱼ of the target

  Assumes covariate shift: p(y | x) is the same in both domains. The ratio is a sum of Gaussian
  kernels at target points that gives the target the highest likelihood under the weighted source,
  and the lowest Kullback-Leibler divergence. The programme is convex. The width is the one with the
  highest likelihood of held-out target examples (the paper's likelihood cross-validation).

  Where re-implementations go wrong: they keep kernels at the held-out examples, about which training
  says nothing; here a fold is held out with its centres. They climb the gradient for a fixed number
  of steps of a fixed size and take what there is; here the optimum is certified by the gradient. exp
  underflows for small widths, which makes log 0; here it is all in logarithms. Where the target is
  far off, as from MNIST to USPS, one source example would count 1200 times the average (effective
  sample size 0.4 %); hence `clip`.

  Time and memory are linear in n and m, times centres; see `_kernels.py`. Of more than 5000 target
  examples the width is chosen on a random 5000 of them, with the source's means over all; the ratio
  is then fitted to all. Books to kitchen (2000 and 2000 examples, 5000
  features) take a second.

  Args:
    xs: source inputs [n, d]; not standardised.
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    bandwidth: of the kernel, as a multiple of the median squared distance; 0: cross-validated.
    centres: number of kernels; the paper takes 100.
    folds: of the cross-validation, over target examples.
    clip: no example counts more than this many times the average; the paper has no such limit.

  Returns:
    Weights [n], float32, mean 1, at most clip.

  Raises:
    ValueError: too few examples, no distances, clip below 1, or the programme was not solved.
  """
  del ys
  from scipy.special import logsumexp

  widths = choices("bandwidth", bandwidth, BANDWIDTHS)
  if len(widths) > 1 and not 2 <= folds <= len(xt):
    raise ValueError(f"folds is {folds}: choose from 2 to {len(xt)}, the target examples")
  to = distances(xs, xt, centres, "kliep")
  if len(widths) > 1:
    some = to.target[: max(WHOLE, centres)]  # in an order by content, the centres first
    scores = []
    for i, width in enumerate(widths, 1):
      _stages.at(f"width {i} of {len(widths)}")
      with fitting(len(xt)):
        scores.append(_likelihood(to.source, some, width, folds))
    widths = (widths[int(np.argmax(scores))],)
  _stages.at("fit to all")
  level, log_kernel = _log_kernels(to.source, to.target, widths[0])
  with fitting(len(xt)):
    shares, gap = solve(log_kernel)
  if gap > 0.01:
    raise ValueError(f"kliep did not converge (gap {gap:.1g}): give a larger bandwidth")
  log_ratio = np.concatenate(
    [
      logsumexp(-to.source[block] / widths[0] - level, axis=1, b=shares)
      for block in blocks(len(to.source))
    ]
  )
  return clipped(log_ratio, clip, "kliep")


def solve(log_kernel: np.ndarray) -> tuple[np.ndarray, float]:
  """Maximises mean_j log Σ_l β_l exp(log_kernel[j, l]) over the simplex.

  Args:
    log_kernel: [m, b], each kernel divided by its mean over the source, so that β_l is the share of
      the weight that kernel l hands out.

  Returns:
    The shares β [b], and a bound on how far their objective is below the highest: by concavity it is
    no more than log max_l g_l, where g is the gradient.
  """
  from scipy.optimize import minimize

  # A factor per row moves the objective by a constant, and keeps the largest entry at 1.
  rows = log_kernel - log_kernel.max(axis=1, keepdims=True)
  np.exp(rows, out=rows)

  # Σβ in the loss stands for the constraint Σβ = 1: log is homogeneous up to a constant, so the
  # minimiser has that sum. The lower bound keeps log away from 0.
  def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
    mixed = rows @ beta
    return beta.sum() - np.log(mixed).mean(), 1 - (1 / mixed) @ rows / len(rows)

  b = rows.shape[1]
  options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-6, "maxcor": 20}
  found = minimize(
    loss,
    np.full(b, 1 / b),
    jac=True,
    bounds=[(1e-10, None)] * b,
    method="L-BFGS-B",
    options=options,
  )
  shares = found.x / found.x.sum()
  gradient = (1 / (rows @ shares)) @ rows / len(rows)
  return shares, float(np.log(gradient.max()))


def _log_kernels(
  to_source: np.ndarray, to_target: np.ndarray, width: float
) -> tuple[np.ndarray, np.ndarray]:
  """The logarithm of each kernel's mean over the source [b], and of kernel / mean at the target [m, b]."""
  nearest = to_source.min(axis=0)
  total = np.zeros(len(nearest))
  for block in blocks(len(to_source)):
    total += np.exp(-(to_source[block] - nearest) / width).sum(axis=0)
  level = np.log(total / len(to_source)) - nearest / width
  return level, -to_target / width - level


def _likelihood(to_source: np.ndarray, to_target: np.ndarray, width: float, folds: int) -> float:
  """Mean log ratio at held-out target examples."""
  from scipy.special import logsumexp

  _, log_kernel = _log_kernels(to_source, to_target, width)
  fold = np.arange(len(to_target)) % folds  # rows are in an order by content
  scores = []
  for k in range(folds):
    kept = fold[: to_target.shape[1]] != k  # the first rows are the centres
    if not kept.any():
      continue
    shares, _ = solve(log_kernel[fold != k][:, kept])
    scores.append(logsumexp(log_kernel[fold == k][:, kept], axis=1, b=shares).mean())
  return float(np.mean(scores))
