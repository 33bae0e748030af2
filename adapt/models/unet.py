"""U-Net for segmentation (Ronneberger et al., 2015, arXiv:1505.04597), with normalised convolutions."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.method import Net
from adapt.models.layers import HE, Conv, Dense, overlapping_max_pool
from adapt.models.linen import as_net

NORMS = ("group", "batch")
_GROUP = 4  # channels that a group norm normalises together, at least


class Block(nn.Module):
  """Two 3×3 convolutions that keep the size, each normalised and then rectified."""

  features: int
  norm: str
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: Float[Array, "b h w c"], train: bool) -> Float[Array, "b h w o"]:
    for i in (1, 2):
      conv = Conv(
        self.features,
        3,
        padding=1,
        dtype=self.dtype,
        use_bias=False,
        init_kernel=HE,
        name=f"conv{i}",
      )
      x = nn.relu(self._norm(train, f"norm{i}")(conv(x, train)))
    return x

  def _norm(self, train: bool, name: str) -> nn.Module:
    if self.norm == "group":
      groups = max(self.features // _GROUP, 1)
      groups = groups if self.features % groups == 0 else 1
      return nn.GroupNorm(groups, dtype=self.dtype, name=name)
    return nn.BatchNorm(not train, momentum=0.9, dtype=self.dtype, axis_name=self.axis, name=name)


class Module(nn.Module):
  classes: int
  width: int
  depth: int
  norm: str
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    def block(level: int, name: str, x: jax.Array) -> jax.Array:
      made = Block(self.width * 2**level, self.norm, self.dtype, self.axis, name=f"{name}{level}")
      out: jax.Array = made(x, train)
      return out

    height, wide = x.shape[1:3]
    # Sizes that halve without a rest; what is added is cut off again.
    more = [(0, -size % 2**self.depth) for size in (height, wide)]
    x = jnp.pad(x, ((0, 0), *more, (0, 0)), mode="edge")
    skipped = []
    for level in range(self.depth):
      x = block(level, "down", x)
      skipped.append(x)
      # Not by comparing with the maximum: where x is computed anew in the gradient, rounded otherwise,
      # nothing equals it, and the gradient divides by the number of equals.
      x = overlapping_max_pool(x, 2, 2, 0, train=train)
    x = block(self.depth, "down", x)
    for level in reversed(range(self.depth)):
      x = x.repeat(2, axis=1).repeat(2, axis=2)
      x = block(level, "up", jnp.concatenate([x, skipped[level]], axis=-1))
    x = x[:, :height, :wide]
    logits = Dense(self.classes, dtype=self.dtype, name="head")(x)  # a 1×1 convolution
    return x.mean(axis=(1, 2)), logits


def unet(
  classes: int,
  *,
  dtype: jnp.dtype = jnp.float32,
  axis: str | None = None,
  width: int = 16,
  depth: int = 3,
  norm: str = "group",
) -> Net:
  """U-Net for images of any size: logits [b, h, w, k].

  Its default is group norm (Wu and He, 2018, arXiv:1803.08494). Its features [b, width] are means
  over all pixels of what the last 1×1 convolution reads: methods that align features align those.
  Up the network goes by repeating pixels, not by a transposed convolution, and convolutions are
  padded; the paper's are not.

  Args:
    classes: number of classes.
    dtype: of the products.
    axis: device axis over which batch statistics are averaged.
    width: channels at full size; each halving of the size doubles them.
    depth: how often the size is halved.
    norm: "group", or "batch", which methods of batch statistics need: `unet_bn`.

  Raises:
    ValueError: a width, depth or norm that no network has.
  """
  if norm not in NORMS:
    raise ValueError(f"norm is '{norm}': choose {' or '.join(NORMS)}")
  if not 1 <= width <= 4096 or not 1 <= depth <= 8:
    raise ValueError(f"width is {width} and depth {depth}: choose 1 to 4096 and 1 to 8")
  return as_net(Module(classes, width, depth, norm, dtype, axis))
