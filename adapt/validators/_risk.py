"""Density ratios and the losses they weigh, for iwcv and dev."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.outputs import labels, values

Loss = Callable[[jax.Array, jax.Array], jax.Array]  # (outputs [n, k], labels) -> [n]

_STRENGTH = 0.001  # of the penalty, for features of mean squared length 1
_STEPS = 8  # of Newton's method, which has converged by then


def cross_fitted(fs: Float[Array, "n d"], ft: Float[Array, "m d"]) -> Float[Array, " v"]:
  """log p_t / p_s of source examples, by cross-fitted classifiers.

  No classifier has seen the example that it judges. Half of either domain teaches the classifier
  that judges the other half of the source. A classifier is sure of its own training examples, and
  so is the network whose features these are: hence held-out source examples on both sides, where
  the papers take the network's training set.

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
  """log p_t / p_s at given points, by logistic regression.

  The regression tells the domains apart. Source: Bickel, Brückner & Scheffer (JMLR 10, 2009).
  Features are standardised and then divided by √d, so that one strength of the L2 penalty fits
  narrow and wide networks. On held-out features of 24 recorded runs the weights' mean, which should
  be 1, lies between 0.5 and 1.1 at this strength, and between 0.2 and 57 at a hundredth of it; a
  tenth tells most domains better apart, with noisier weights. Newton's method from zero, a fixed
  number of steps: the same features always give the same ratio.

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


def losses(
  ls: Float[Array, "n ..."], ys: Array, loss: Loss | None = None
) -> Float[Array, " n"] | None:
  """Losses of source examples, as iwcv and dev weigh them.

  Args:
    ls: logits; of values standardised predictions [n, d].
    ys: classes [n], labels [n, k], or standardised values [n, d].
    loss: of values: the output's own; None: the squared distance.

  Returns:
    Cross-entropies of classes and labels, in nats; None of pixels.
  """
  if ls.ndim > 2:
    return None
  if ys.ndim == 1:
    return ops.cross_entropy(ls, ys)
  if jnp.issubdtype(ys.dtype, jnp.floating):
    return (loss or values.values().loss)(ls, ys)
  return labels.loss(ls, ys)
