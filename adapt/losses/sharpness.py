"""SAM, sharpness-aware minimisation (Foret et al., 2021, arXiv:2010.01412).

A loss is taken at the worst parameters nearby, so that its minima are flat.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


def climbed(params: Any, slope: Any, radius: jax.Array | float, *, adaptive: bool = False) -> Any:
  """Parameters after a step of a given length up a loss.

  To first order that is its worst place so near. The step is a constant for the gradient, so that the
  gradient of a loss of these by `params` is that loss's gradient at the worst parameters.

  Where re-implementations go wrong: the length is that of all parameters together, not one a layer;
  and where devices each have a part of the gradient, it is averaged before its length is taken
  (`Net.average`).

  Args:
    params: a tree.
    slope: the loss's gradient by it.
    radius: of the step, in the parameters' unit (the paper's ρ); adaptive, in their own lengths.
    adaptive: whether each parameter's step grows with its square, so that the scale of a layer does
      not matter (ASAM, Kwon et al., 2021, arXiv:2102.11600).
  """
  scale = jax.tree.map(jnp.abs if adaptive else jnp.ones_like, params)
  scaled = jax.tree.map(jnp.multiply, scale, slope)
  square = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(scaled))
  far = radius / (jnp.sqrt(square) + 1e-12)
  steps = lax.stop_gradient(jax.tree.map(lambda s, g: far * s * g, scale, scaled))
  return jax.tree.map(jnp.add, params, steps)
