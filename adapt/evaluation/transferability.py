"""Transferability: how well features or source classes suit labelled target data.

Nothing is trained. All are the larger the better. They need target labels, as their papers do;
`domain_distances` does not.
"""

import numpy as np
from jaxtyping import Float, Int

_LOGME_ROUNDS, _LOGME_TOLERANCE = 5000, 1e-12
_LOGME_FLAT = 1e9  # α / β beyond which the model says nothing, and the evidence no longer changes


def leep(source_probabilities: Float[np.ndarray, "n z"], labels: Int[np.ndarray, " n"]) -> float:
  """LEEP: log-likelihood of labels by source classes, at most 0.

  Nguyen, Hassner, Seeger & Archambeau (ICML 2020), equation 2:
  1/n Σ_i log Σ_z P̂(y_i | z) θ(x_i)_z, with P̂(y, z) = 1/n Σ_{i: y_i = y} θ(x_i)_z.

  Args:
    source_probabilities: of a source model's classes z for the target examples; rows sum to 1.
    labels: of the target examples.

  Raises:
    ValueError: rows that are no probabilities, or labels of another number.
  """
  p, shown = _probabilities(source_probabilities), _one_hot(labels, len(source_probabilities))
  joint = shown.T @ p / len(p)  # [y, z]
  of_source = joint.sum(axis=0)
  given = joint / np.where(of_source > 0, of_source, 1.0)
  return float(np.log((p @ given.T)[shown > 0]).mean())


def nce(source_labels: Int[np.ndarray, " n"], labels: Int[np.ndarray, " n"]) -> float:
  """NCE: negative conditional entropy −H(Y | Z) in nats, at most 0.

  Tran, Nguyen & Hassner (ICCV 2019): Σ P̂(y, z) log P̂(y | z), with Z the source labels, or the source model's
  decisions, of the same examples.

  Raises:
    ValueError: labels of another number.
  """
  z = _one_hot(source_labels, len(labels))
  joint = _one_hot(labels, len(labels)).T @ z / len(labels)
  given = joint / joint.sum(axis=0)
  there = joint > 0
  return float((joint[there] * np.log(given[there])).sum())


def logme(features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]) -> float:
  """LogME: greatest log evidence per example of a linear model on features.

  You, Liu, Wang & Long (ICML 2021), algorithm 1: with w ~ N(0, 1/α) and
  y ~ N(F w, 1/β), the maximum over α and β of log p(y | F) / n, averaged over one-hot targets. The
  fixed point is iterated to convergence. TLlib stops at a change of α/β by 1 %, or after eleven rounds: with
  more features than examples it can end below the maximum.

  Raises:
    ValueError: labels of another number, or a single class.
  """
  _, shown = _labelled(features, labels)
  f = np.asarray(features, np.float64)  # as they are: the model has no intercept
  u, s, _ = np.linalg.svd(f, full_matrices=False)
  return float(np.mean([_evidence(u, s**2, f.shape, y) for y in shown.T]))


def _evidence(u: np.ndarray, power: np.ndarray, shape: tuple[int, ...], y: np.ndarray) -> float:
  """Greatest log p(y | F) / n, from the left singular vectors and squared singular values of F."""
  n, d = shape
  along = (u.T @ y) ** 2  # of y, in each direction of the features
  off = max(float(y @ y - along.sum()), 0.0)
  alpha = beta = 1.0
  for _ in range(_LOGME_ROUNDS):
    ratio = alpha / beta
    gamma = (power / (ratio + power)).sum()
    norm = (power * along / (ratio + power) ** 2).sum()  # of the posterior mean, squared
    residual = (along * (ratio / (ratio + power)) ** 2).sum() + off
    new = gamma / max(norm, 1e-300), (n - gamma) / max(residual, 1e-300)
    done = abs(new[0] / new[1] / ratio - 1) < _LOGME_TOLERANCE
    alpha, beta = new
    if done or alpha / beta > _LOGME_FLAT:
      break
  ratio = alpha / beta
  norm = (power * along / (ratio + power) ** 2).sum()
  residual = (along * (ratio / (ratio + power)) ** 2).sum() + off
  determinant = np.log(alpha + beta * power).sum() + (d - len(power)) * np.log(alpha)
  found = n * np.log(beta) + d * np.log(alpha) - n * np.log(2 * np.pi)
  return float((found - beta * residual - alpha * norm - determinant) / (2 * n))


def h_score(features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]) -> float:
  """H-score tr(cov(f)⁻¹ cov(E[f | y])), 0 to classes − 1.

  Bao et al. (ICIP 2019). A covariance without full rank has its pseudo-inverse. With
  few examples for its features it is too high: see `shrinkage_h_score`.

  Raises:
    ValueError: labels of another number, or a single class.
  """
  f, shown = _labelled(features, labels)
  between = _between(f, shown)
  return float(np.trace(np.linalg.pinv(f.T @ f / len(f), rcond=1e-10, hermitian=True) @ between))


def shrinkage_h_score(features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]) -> float:
  """H-score with the Ledoit-Wolf covariance: tr(Σ_a⁻¹ (1 − a) Σ_z).

  Ibrahim, Ponomareva & Mazumder (ECML PKDD 2022, arXiv:2110.06893), where
  Σ_a = (1 − a) Σ + a tr(Σ)/d I and a is Ledoit & Wolf's (2004). Both covariances divide by n. TLlib
  divides Σ_z by n − 1: its number is n / (n − 1) times this one.

  Raises:
    ValueError: labels of another number, a single class, or features that do not vary.
  """
  f, shown = _labelled(features, labels)
  if not f.any():
    raise ValueError("the features do not vary: give others")
  between = _between(f, shown)
  shrunk, amount = ledoit_wolf(f)
  return float((1 - amount) * np.trace(np.linalg.solve(shrunk, between)))


def ledoit_wolf(x: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, "d d"], float]:
  """Shrunk covariance of centred rows, and how much of it is shrinkage.

  Ledoit & Wolf (Journal of Multivariate Analysis 2004), section 3.
  """
  n, d = x.shape
  sample = x.T @ x / n
  mean = np.trace(sample) / d
  apart = ((sample - mean * np.eye(d)) ** 2).sum()
  noise = (((x**2).sum(axis=1) ** 2).sum() / n - (sample**2).sum()) / n
  amount = min(noise, apart) / apart if apart > 0 else 0.0
  return (1 - amount) * sample + amount * mean * np.eye(d), float(amount)


def transrate(
  features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], *, epsilon: float = 1e-4
) -> float:
  """TransRate R(Z) − R(Z | Y), coding rates in nats.

  Huang, Huang, Rong, Yang & Wei (ICML 2022): R(Z) = ½ log det(I + ZᵀZ / nε) of centred
  features, and R(Z | Y) = Σ_c n_c/n R(Z_c). Classes count by their size; the code of the paper's
  appendix, and TLlib, average them, which is the same where they are equally large.

  Args:
    features: target features.
    labels: of the target examples.
    epsilon: the distortion ε.

  Raises:
    ValueError: labels of another number, a single class, or epsilon ≤ 0.
  """
  if epsilon <= 0:
    raise ValueError(f"epsilon {epsilon}: choose > 0")
  f, shown = _labelled(features, labels)

  def rate(z: np.ndarray) -> float:
    small = z if len(z) < z.shape[1] else z.T  # the same determinant by fewer rows
    inner = small @ small.T / (len(z) * epsilon)
    return float(np.linalg.slogdet(np.eye(len(inner)) + inner)[1] / 2)

  return rate(f) - sum(float(y.mean()) * rate(f[y > 0]) for y in shown.T)


def gbc(
  features: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], *, spherical: bool = True
) -> float:
  """GBC: minus the Bhattacharyya overlap of normal classes, at most 0.

  Pándy, Agostinelli, Uijlings, Ferrari & Mensink (CVPR 2022):
  −Σ_{i ≠ j} exp(−D_B(i, j)). The authors reduce the features to 64 principal components first.

  Args:
    features: target features.
    labels: of the target examples.
    spherical: one variance for a class, as the authors prefer; else one for each feature.

  Raises:
    ValueError: labels of another number, a single class, or a class whose features do not vary.
  """
  f, shown = _labelled(features, labels)
  mean = np.stack([f[y > 0].mean(axis=0) for y in shown.T])  # [k, d]
  variance = np.stack([f[y > 0].var(axis=0) for y in shown.T])
  if spherical:
    variance = np.broadcast_to(variance.mean(axis=1, keepdims=True), variance.shape)
  if not (variance > 1e-14 * f.var(axis=0).mean()).all():  # no more than rounding
    raise ValueError("a feature does not vary in a class: leave it out, or give more examples")
  both = (variance[:, None] + variance[None]) / 2  # [k, k, d]
  apart = ((mean[:, None] - mean[None]) ** 2 / both).sum(axis=-1) / 8
  logs = np.log(variance)
  apart += (np.log(both) - (logs[:, None] + logs[None]) / 2).sum(axis=-1) / 2
  return float(len(apart) - np.exp(-apart).sum())  # the diagonal is exp(0)


def _between(f: np.ndarray, shown: np.ndarray) -> np.ndarray:
  """Covariance of the class means of centred features [d, d], classes weighted by size."""
  counts = shown.sum(axis=0)
  means = shown.T @ f / counts[:, None]
  found: np.ndarray = (means.T * counts / len(f)) @ means
  return found


def _labelled(features: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Centred features [n, d] float64 and one-hot labels [n, k] of the classes that occur."""
  f, shown = np.asarray(features, np.float64), _one_hot(labels, len(features))
  if shown.shape[1] < 2:
    raise ValueError("the labels have one class: give at least two")
  if f.ndim != 2 or not np.isfinite(f).all():
    raise ValueError(f"features of shape {list(f.shape)}: give finite numbers [n, d]")
  return f - f.mean(axis=0), shown


def _one_hot(labels: np.ndarray, n: int) -> np.ndarray:
  found, which = np.unique(labels, return_inverse=True)
  if which.shape != (n,) or not n:
    raise ValueError(f"labels of shape {list(which.shape)} for {n} examples: give one each")
  return np.eye(len(found))[which]


def _probabilities(p: np.ndarray) -> np.ndarray:
  p = np.asarray(p, np.float64)
  if p.ndim != 2 or not (p >= 0).all() or not np.allclose(p.sum(axis=1), 1, atol=1e-4):
    raise ValueError("rows are no probabilities: give [n, k] that sum to 1")
  return p
