"""What class_silhouette and class_ami share: clusters of target features.

Both after Robbiano et al. (2022, arXiv:2102.06679), where k-means starts at the centres of the predicted
classes, and Musgrave et al. (2022, arXiv:2208.07360), who call them ClassSS and ClassAMI.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses.kernels import squared_distances

_ROUNDS = 10  # of k-means


def clustered(ft: Float[Array, "m d"], predicted: Float[Array, "m k"]) -> Float[Array, "m k"]:
  """One-hot clusters of k-means, started at the predicted classes' centres.

  A class that nothing is predicted as, and a cluster that loses its last example, stays empty.

  Args:
    ft: target features.
    predicted: one-hot predicted classes.
  """

  def again(_: int, which: jax.Array) -> jax.Array:
    sizes = which.sum(axis=0)
    centres = which.T @ ft / jnp.maximum(sizes, 1)[:, None]
    far = jnp.where(sizes > 0, squared_distances(ft, centres), jnp.inf)
    return jax.nn.one_hot(jnp.argmin(far, axis=1), which.shape[1])

  return jax.lax.fori_loop(0, _ROUNDS, again, predicted)
