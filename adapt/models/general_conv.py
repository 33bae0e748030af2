"""A user's own convolutions, by those of `layers`.

Their gradients are fast on XLA:CPU. Layers of linen and nnx take the function that convolves as an
attribute; this is one. What it does not know it leaves to XLA.
"""

from collections.abc import Sequence
from typing import Any

import jax
from jax import lax

from adapt.models import layers


def conv_general_dilated(
  lhs: jax.Array,
  rhs: jax.Array,
  window_strides: Sequence[int],
  padding: str | Sequence[tuple[int, int]],
  lhs_dilation: Sequence[int] | None = None,
  rhs_dilation: Sequence[int] | None = None,
  dimension_numbers: Any = None,
  feature_group_count: int = 1,
  **others: Any,
) -> jax.Array:
  """As `lax.conv_general_dilated`, to be followed by a gradient.

  Not differentiable forwards (jax.jvp) where `canonical_conv` takes it.

  Args:
    lhs: inputs [b, h, w, c] or [b, l, c] by the numbering of linen's and nnx's layers.
    rhs: kernel [p, q, c, o] or [p, c, o].
    window_strides: of each axis.
    padding: "SAME", "VALID" or pairs.
    lhs_dilation: of the inputs; others than 1 are XLA's, as are those of the kernel.
    rhs_dilation: of the kernel.
    dimension_numbers: of the layer.
    feature_group_count: 1, or as many as there are channels in and out; others are XLA's.
    **others: left to XLA where any is set.
  """
  dilated = any(d != 1 for d in (*(lhs_dilation or ()), *(rhs_dilation or ())))
  depthwise = 1 < feature_group_count == lhs.shape[-1] == rhs.shape[-1]
  known = lhs.ndim in (3, 4) and len(set(window_strides)) == 1 and not dilated
  known = known and (feature_group_count == 1 or depthwise)
  if not known or jax.default_backend() != "cpu" or any(v is not None for v in others.values()):
    return lax.conv_general_dilated(
      lhs,
      rhs,
      window_strides,
      padding,
      lhs_dilation,
      rhs_dilation,
      dimension_numbers,
      feature_group_count,
      **others,
    )
  pads = _pads(lhs, rhs, window_strides, padding)
  if row := lhs.ndim == 3:  # of pixels
    lhs, rhs, pads = lhs[:, None], rhs[None], [(0, 0), *pads]
  (above, below), (left, right) = pads
  sides = (above, below), (left, right)
  if depthwise:
    out = layers.depthwise(lhs, rhs, window_strides[0], sides)
  else:
    out = layers.conv(lhs, rhs, window_strides[0], sides, train=True)
  return out[:, 0] if row else out


def _pads(
  lhs: jax.Array, rhs: jax.Array, strides: Sequence[int], padding: str | Sequence[tuple[int, int]]
) -> Sequence[tuple[int, int]]:
  if isinstance(padding, str):
    return lax.padtype_to_pads(lhs.shape[1:-1], rhs.shape[:-2], strides, padding)
  return padding
