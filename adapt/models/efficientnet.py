"""EfficientNet-Lite0: EfficientNet (Tan and Le, ICML 2019, arXiv:1905.11946) for small devices.

Against EfficientNet-B0 it has no squeeze-and-excitation, relu6 in place of swish, and a stem and a
head of fixed width, as the TensorFlow authors published it in 2020. Layers that drop whole blocks in
training are left out.
"""

import functools
import re
from typing import Any, NamedTuple

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from adapt.models import published
from adapt.models._norm import batch_norm
from adapt.models.layers import HE, Conv, Depthwise


class Stage(NamedTuple):
  """Blocks of equal width, of which the first strides."""

  expansion: int
  channels: int
  blocks: int
  stride: int
  size: int  # of the depthwise kernel


LITE0 = (
  Stage(1, 16, 1, 1, 3),
  Stage(6, 24, 2, 2, 3),
  Stage(6, 40, 2, 2, 5),
  Stage(6, 80, 3, 2, 3),
  Stage(6, 112, 3, 1, 5),
  Stage(6, 192, 4, 2, 5),
  Stage(6, 320, 1, 1, 3),
)


class EfficientNet(nn.Module):
  """Images to features.

  Attributes:
    stages: the blocks; the default is Lite0.
    stem: channels of the first convolution.
    head: channels of the last one, and so of the features.
    dtype: of the products.
    axis: device axis over which batch statistics are averaged.
    frozen_norm: whether batch statistics stay as published, in training too.
  """

  stages: tuple[Stage, ...] = LITE0
  stem: int = 32
  head: int = 1280
  dtype: jnp.dtype = jnp.float32
  axis: str | None = None
  frozen_norm: bool = False

  @nn.compact
  def __call__(self, x: Float[Array, "b h w 3"], train: bool) -> Float[Array, "b d"]:
    """Features [b, head] of images in [-1, 1]."""
    norm = batch_norm(self, train, momentum=0.99, epsilon=1e-3)
    conv = functools.partial(Conv, dtype=self.dtype, use_bias=False, init_kernel=HE)
    x = (127.5 * x + 0.5) / 128  # (pixel - 127) / 128
    x = conv(self.stem, 3, 2, "same", name="conv_stem")(x, train)
    x = nn.relu6(norm(name="bn0")(x))
    plan = [(stage, i) for stage in self.stages for i in range(stage.blocks)]
    for number, (stage, i) in enumerate(plan):
      first = stage._replace(stride=1) if i > 0 else stage
      x = Block(first, conv, norm, name=f"block{number}")(x, train)
    x = conv(self.head, 1, name="conv_head")(x, train)
    return nn.relu6(norm(name="bn1")(x)).mean(axis=(1, 2))


class Block(nn.Module):
  """Inverted residual block: widens, convolves each channel by itself, narrows.

  It adds its input where shapes agree.
  """

  stage: Stage
  conv: Any
  norm: Any

  @nn.compact
  def __call__(self, x: Float[Array, "b h w c"], train: bool) -> Float[Array, "b h2 w2 c2"]:
    expansion, channels, _, stride, size = self.stage
    y = x
    if expansion > 1:
      y = self.conv(expansion * x.shape[-1], 1, name="expand_conv")(y, train)
      y = nn.relu6(self.norm(name="bn0")(y))
    y = Depthwise(size, stride, "same", y.dtype, name="depthwise_conv")(y)
    y = nn.relu6(self.norm(name="bn1")(y))
    y = self.norm(name="bn2")(self.conv(channels, 1, name="project_conv")(y, train))
    return x + y if x.shape == y.shape else y


def convert(state: dict[str, np.ndarray]) -> dict[str, Any]:
  """Variables of `EfficientNet` from the state dict of the package efficientnet-lite-pytorch.

  Raises:
    ValueError: names of entries that the network has no place for.
  """

  def path(layer: str) -> tuple[str, ...] | None:
    if layer in ("_conv_stem", "_bn0", "_conv_head", "_bn1"):
      return (layer[1:],)
    found = re.fullmatch(r"_blocks\.(\d+)\._((?:expand|depthwise|project)_conv|bn[012])", layer)
    return (f"block{found[1]}", found[2]) if found else None

  return published.variables(state, path, ignored=("_fc.",))
