"""BSS: batch spectral shrinkage (Chen et al., Catastrophic Forgetting Meets Negative Transfer, 2019)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.method import Net
from adapt.tuning import Progress, Tuning, penalised, penalty_in_loss


def bss(*, eta: float = 0.001, k: int = 1) -> Tuning:
  """Trains everything and shrinks the directions of least feature variation.

      min  loss + eta · Σᵢ sᵢ²      i = 1 … k
      s₁ ≤ s₂ ≤ …: singular values of a batch's features f

  The penalty counts for every training pass whose batch statistics the method keeps: one for a joint
  pass over both domains, one per domain where they are apart.

  Where re-implementations go wrong: the singular values are those of the features as they are,
  neither centred nor divided by the batch size, so eta belongs to a batch size (TLlib takes 48); and
  as eigenvalues of the product of the features with themselves, which squares the condition, the
  small ones are lost in single precision.

  On a CPU with busy cores set OPENBLAS_NUM_THREADS=1: the decomposition is LAPACK's, whose threads
  wait for each other, up to 200 times as long as one needs.

  Args:
    eta: factor of the penalty.
    k: number of singular values.
  """
  if k < 1:
    raise ValueError(f"k is {k}: choose at least 1")

  def wrap(net: Net, progress: Progress) -> Net:
    del progress
    return penalised(net, lambda features, stats, x: eta * spectral_tail(features, k))

  return Tuning(wrap, adjust=penalty_in_loss)


def spectral_tail(features: Float[Array, "b d"], k: int) -> Float[Array, ""]:
  """Sum of the k smallest squared singular values."""
  return jnp.sum(jnp.linalg.svd(features, compute_uv=False)[-k:] ** 2)  # they come falling
