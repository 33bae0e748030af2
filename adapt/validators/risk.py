"""IWCV and DEV: the target's risk as the source's, with examples weighed by a ratio of densities."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_STRENGTH = 0.001  # of the penalty, for features of mean squared length 1
_STEPS = 8  # of Newton's method, which has converged by then


def cross_fitted(fs: Float[Array, "n d"], ft: Float[Array, "m d"]) -> Float[Array, " v"]:
  """log p_t / p_s of source examples, each from a classifier that has not seen it.

  Half of either domain teaches the classifier that judges the other half of the source. A classifier
  is sure of its own training examples, and so is the network whose features these are: hence
  held-out source examples on both sides, where the papers take the network's training set.

  Args:
    fs: features of held-out source examples.
    ft: features of target training examples.

  Returns:
    Of the first v = 2⌊n/2⌋ source examples, in order; the one of odd length is left out.
  """

  def halves(x: jax.Array) -> jax.Array:
    x = x if len(x) > 1 else jnp.tile(x, (2, 1))
    size = len(x) // 2
    return x[: 2 * size].reshape(-1, size, x.shape[1])

  source, target = halves(fs), halves(ft)
  return jax.vmap(log_ratio)(source[::-1], target, source).reshape(-1)


def log_ratio(
  fs: Float[Array, "n d"], ft: Float[Array, "m d"], fv: Float[Array, "v d"]
) -> Float[Array, " v"]:
  """log p_t / p_s at some points, from a logistic regression that tells the domains apart.

  Source: Bickel, Brückner & Scheffer (JMLR 10, 2009). Features are standardised and then divided by
  √d, so that one strength of the L2 penalty fits narrow and wide networks. On held-out features of
  24 recorded runs the weights' mean, which should be 1, lies between 0.5 and 1.1 at this strength,
  and between 0.2 and 57 at a hundredth of it; a tenth tells most domains better apart, with noisier
  weights. Newton's method from zero, a fixed number of steps: the same features always give the
  same ratio.

  Args:
    fs: source features that teach.
    ft: target features that teach.
    fv: features of the points.
  """
  both = jnp.concatenate([fs, ft])
  mean, scale = both.mean(axis=0), both.std(axis=0)
  scale = jnp.where(scale > 1e-6, scale, 1.0) * both.shape[1] ** 0.5

  def prepared(x: jax.Array) -> jax.Array:
    return jnp.pad((x - mean) / scale, ((0, 0), (0, 1)), constant_values=1.0)  # and an intercept

  x, is_target = prepared(both), jnp.arange(len(both)) >= len(fs)
  # The intercept goes free, but for what keeps its equation solvable.
  penalty = jnp.full(x.shape[1], _STRENGTH).at[-1].set(1e-6)

  def newton(_: int, w: jax.Array) -> jax.Array:
    p = jax.nn.sigmoid(x @ w)
    gradient = x.T @ (p - is_target) / len(x) + penalty * w
    hessian = (x.T * (p * (1 - p))) @ x / len(x) + jnp.diag(penalty)
    return w - jax.scipy.linalg.solve(hessian, gradient, assume_a="pos")

  w = jax.lax.fori_loop(0, _STEPS, newton, jnp.zeros(x.shape[1]))
  return prepared(fv) @ w + jnp.log(len(fs) / len(ft))


def iwcv(weights: Float[Array, " v"], losses: Float[Array, " v"]) -> Float[Array, ""]:
  """Minus the importance-weighted loss of held-out source examples.

  Source: Sugiyama, Krauledat & Müller (JMLR 8, 2007). Where re-implementations go
  wrong: the paper's mean of w·ℓ is the target's risk if w is the true ratio, whose mean is 1. That
  of an estimated ratio falls towards 0 as the domains grow apart, and so would the risk, which
  praises features that do not transfer. So the sum is divided by that of the weights.

  Args:
    weights: p_t / p_s of each example.
    losses: of each example.
  """
  return -jnp.sum(weights * losses) / jnp.maximum(jnp.sum(weights), 1e-12)


def dev(weights: Float[Array, " v"], losses: Float[Array, " v"]) -> Float[Array, ""]:
  """Minus the importance-weighted loss with a control variate, deep embedded validation.

  Source: You et al. (ICML 2019), Algorithm 1: the weights' mean is known to be 1, so how far it
  falls from that corrects the risk, R = mean(wℓ) + η (mean(w) − 1), η = −cov(wℓ, w) / var(w). Where
  re-implementations go wrong: weights scaled to mean 1 before leave nothing to correct, and the
  classifier behind them must not have trained on the examples that it weighs. The paper leaves the
  loss open; errors of 0 and 1 on a few hundred examples tie, so this project takes the cross-entropy.

  Args:
    weights: p_t / p_s of each example, as estimated.
    losses: of each example.

  Returns:
    −R; the risk can be negative.
  """
  weighted = weights * losses
  centred = weights - weights.mean()
  variance = jnp.mean(centred**2)
  eta = -jnp.mean(centred * weighted) / jnp.where(variance > 0, variance, 1.0)
  return -(weighted.mean() + eta * (weights.mean() - 1))
