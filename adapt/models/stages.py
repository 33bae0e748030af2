"""Between a network's stages: where a method may change its feature maps."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import flax.linen as nn
import jax

from adapt.models import efficientnet, resnet
from adapt.models.layers import Conv

_LAYERS = (Conv, resnet.Block, efficientnet.Block)


@contextlib.contextmanager
def between_stages(change: Callable[[int, jax.Array], jax.Array], most: int) -> Iterator[list[int]]:
  """Changes the maps that networks of this package show their next stage.

  A stage ends before a layer or block that makes the map smaller, by a stride or by pooling; what
  reads the inputs themselves begins the first. Of a ResNet these are the places after the first
  three of its four stages.

  Args:
    change: (number of the place, from 0; maps [b, h, w, c]) -> maps.
    most: places, the first ones.

  Yields:
    A list that the number of each place joins as it is changed: empty at the end if a network has no
    such place.
  """
  changed: list[int] = []
  seen, depth = 0, 0

  def call(
    usual: Callable[..., Any], args: Any, kwargs: Any, context: nn.module.InterceptorContext
  ) -> Any:
    nonlocal seen, depth
    layer: Any = context.module
    if depth or not isinstance(layer, _LAYERS) or context.method_name != "__call__":
      return usual(*args, **kwargs)
    if seen and _makes_smaller(layer) and len(changed) < most:
      args = (change(len(changed), args[0]), *args[1:])
      changed.append(len(changed))
    seen, depth = seen + 1, 1  # a block's own layers are no stages
    try:
      return usual(*args, **kwargs)
    finally:
      depth = 0

  with nn.intercept_methods(call):
    yield changed


def _makes_smaller(layer: Any) -> bool:
  if isinstance(layer, efficientnet.Block):
    return layer.stage.stride > 1
  return bool(layer.stride > 1 or getattr(layer, "pooled", False))
