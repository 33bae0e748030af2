"""ResNet-18/34/50/101 as torchvision publishes them (He et al., CVPR 2016, arXiv:1512.03385).

That is version 1.5: a bottleneck block strides in its 3×3 convolution, not in its first 1×1.
"""

import functools
import re
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from adapt.models import published
from adapt.models._norm import batch_norm
from adapt.models.layers import HE, Conv, overlapping_max_pool

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pixels in [0, 1]
DEPTHS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}


class ResNet(nn.Module):
  """Images to features.

  Attributes:
    depths: blocks of each stage; each stage but the first halves the image and doubles the width.
    bottleneck: blocks of 1×1, 3×3, 1×1 convolutions with four times the width, not of two 3×3.
    width: channels of the stem and inside the blocks of the first stage.
    dtype: of the products.
    axis: device axis over which batch statistics are averaged.
    frozen_norm: whether batch statistics stay as published, in training too.
  """

  depths: tuple[int, ...] = DEPTHS[50]
  bottleneck: bool = True
  width: int = 64
  dtype: jnp.dtype = jnp.float32
  axis: str | None = None
  frozen_norm: bool = False

  @nn.compact
  def __call__(self, x: Float[Array, "b h w 3"], train: bool) -> Float[Array, "b d"]:
    """Features of images in [-1, 1]; d is the width times 8, times 4 with bottlenecks."""
    norm = batch_norm(self, train, momentum=0.9, epsilon=1e-5)
    conv = functools.partial(Conv, dtype=self.dtype, use_bias=False, init_kernel=HE)
    x = (0.5 * x + 0.5 - jnp.asarray(MEAN)) / jnp.asarray(STD)
    x = conv(self.width, 7, 2, 3, name="conv1")(x, train)
    x = overlapping_max_pool(nn.relu(norm(name="bn1")(x)), 3, 2, 1, train=train)
    for stage, depth in enumerate(self.depths):
      for i in range(depth):
        block = Block(
          width=self.width * 2**stage,
          bottleneck=self.bottleneck,
          stride=2 if stage > 0 and i == 0 else 1,
          conv=conv,
          norm=norm,
          name=f"layer{stage + 1}_{i}",
        )
        x = block(x, train)
    return x.mean(axis=(1, 2))


class Block(nn.Module):
  """Residual block: convolutions added to their input.

  Where shapes differ they are added to a linear map of it.
  """

  width: int
  bottleneck: bool
  stride: int
  conv: Any
  norm: Any

  @nn.compact
  def __call__(self, x: Float[Array, "b h w c"], train: bool) -> Float[Array, "b h2 w2 c2"]:
    conv, norm = self.conv, self.norm
    # (channels, size, stride) of each convolution
    plan = [(self.width, 3, self.stride), (self.width, 3, 1)]
    if self.bottleneck:
      plan = [(self.width, 1, 1), (self.width, 3, self.stride), (4 * self.width, 1, 1)]
    y = x
    for i, (channels, size, stride) in enumerate(plan, start=1):
      y = conv(channels, size, stride, size // 2, name=f"conv{i}")(y, train)
      y = norm(name=f"bn{i}")(y)
      if i < len(plan):
        y = nn.relu(y)
    if self.stride != 1 or x.shape[-1] != y.shape[-1]:
      x = conv(y.shape[-1], 1, self.stride, name="downsample_conv")(x, train)
      x = norm(name="downsample_bn")(x)
    return nn.relu(x + y)


def resnet(
  layers: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None, frozen_norm: bool = False
) -> ResNet:
  """The network of 18, 34, 50 or 101 layers."""
  return ResNet(DEPTHS[layers], layers >= 50, 64, dtype, axis, frozen_norm)


def convert(state: dict[str, np.ndarray]) -> dict[str, Any]:
  """Variables of `ResNet` from torchvision's state dict.

  ValueError names entries it has no place for.
  """

  def path(layer: str) -> tuple[str, ...] | None:
    if layer in ("conv1", "bn1"):
      return (layer,)
    found = re.fullmatch(r"(layer\d)\.(\d+)\.(conv\d|bn\d|downsample\.[01])", layer)
    if found is None:
      return None
    # downsample is a convolution and its norm, numbered
    names = {"downsample.0": "downsample_conv", "downsample.1": "downsample_bn"}
    return (f"{found[1]}_{found[2]}", names.get(found[3], found[3]))

  return published.variables(state, path, ignored=("fc.",))
