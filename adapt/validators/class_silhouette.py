"""Whether target features lie in clusters (Robbiano et al., 2022, arXiv:2102.06679)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses.kernels import squared_distances
from adapt.validators import Validator


def class_silhouette() -> Validator:
  """Mean silhouette (Rousseeuw, 1987) of the target features' clusters, Euclidean.

      score = E[(b − a) / max(a, b)],  mean distances of an fₜ to examples
      a: of its own cluster, b: of the nearest other one

  The clusters are those of k-means that begins at the predicted classes' centres. A model that predicts
  one class for everything scores −1.
  """
  return Validator(lambda seen: score(seen.ft, seen.clusters))


def score(ft: Float[Array, "m d"], which: Float[Array, "m k"]) -> Float[Array, ""]:
  """The mean silhouette.

  Args:
    ft: target features.
    which: one-hot clusters. An example alone in its cluster counts 0.

  Returns:
    Between −1 and 1; −1 if there is but one cluster, as nothing separates a collapsed model's.
  """
  sizes = which.sum(axis=0)
  sums = jnp.sqrt(squared_distances(ft, ft)) @ which  # [m, k]
  alone = (which @ sizes) <= 1
  own = jnp.sum(sums * which, axis=1) / jnp.maximum(which @ sizes - 1, 1)
  others = (sizes > 0) & (which == 0)
  nearest = jnp.where(others, sums / jnp.maximum(sizes, 1), jnp.inf).min(axis=1)
  width = (nearest - own) / jnp.maximum(jnp.maximum(nearest, own), 1e-12)
  return jnp.where(jnp.sum(sizes > 0) > 1, jnp.mean(jnp.where(alone, 0.0, width)), -1.0)
