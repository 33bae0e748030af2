"""ViT-B/16 (Dosovitskiy et al., ICLR 2021, arXiv:2010.11929), laid out as timm's vit_base_patch16_224.

The features are the class token's after the last norm. timm's weights read pixels in [-1, 1], so
nothing is rescaled; torchvision's have other names and another normalisation, and are refused.
"""

import re
from typing import Any

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from adapt.models import published

INIT = nn.initializers.truncated_normal(0.02)


class ViT(nn.Module):
  """Images to features.

  Attributes:
    layers: number of transformer layers.
    width: of the states and of the features.
    heads: of each attention; divides the width.
    patch: side of a patch in pixels.
    side: side of an image in pixels: there are as many learned positions as patches.
    dtype: of the products; sums, softmax and norms are float32.
  """

  layers: int = 12
  width: int = 768
  heads: int = 12
  patch: int = 16
  side: int = 224
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: Float[Array, "b h w 3"], train: bool) -> Float[Array, "b d"]:
    """Features [b, width] of images in [-1, 1]; ValueError for images of another size than `side`."""
    del train  # neither dropout nor statistics
    if x.shape[1:3] != (self.side, self.side):
      h, w = x.shape[1:3]
      raise ValueError(
        f"ViT has positions for {self.side}×{self.side} pixels, not {h}×{w}: "
        f"give --image-size {self.side}"
      )
    b, n = len(x), self.side // self.patch
    # Patches do not overlap, so their convolution is a product of what each holds.
    x = x.reshape(b, n, self.patch, n, self.patch, -1).swapaxes(2, 3).reshape(b, n * n, -1)
    x = nn.Dense(self.width, kernel_init=INIT, dtype=self.dtype, name="patch")(x)
    token = self.param("class_token", INIT, (1, 1, self.width))
    x = jnp.concatenate([jnp.broadcast_to(token, (b, 1, self.width)), x], axis=1)
    x = x + self.param("positions", INIT, (1, n * n + 1, self.width))
    for i in range(self.layers):
      x = Layer(self.heads, self.dtype, name=f"block{i}")(x)
    return norm("norm")(x)[:, 0]


class Layer(nn.Module):
  """Attention, then two dense layers, each with normalisation before it.

  What each makes is added to the states before.
  """

  heads: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: Float[Array, "b l d"]) -> Float[Array, "b l d"]:
    b, n, width = x.shape

    def dense(features: int, name: str) -> nn.Dense:
      return nn.Dense(features, kernel_init=INIT, dtype=self.dtype, name=name)

    # Not nn.MultiHeadDotProductAttention: published kernels hold query, key and value in one.
    qkv = dense(3 * width, "qkv")(norm("norm1")(x)).reshape(b, n, 3, self.heads, -1)
    q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]  # [b, n, heads, d]
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k, preferred_element_type=jnp.float32)
    shares = nn.softmax(scores * (width // self.heads) ** -0.5).astype(self.dtype)
    y = jnp.einsum("bhqk,bkhd->bqhd", shares, v).reshape(b, n, width)
    x = x + dense(width, "proj")(y)
    y = nn.gelu(dense(4 * width, "fc1")(norm("norm2")(x)), approximate=False)
    return x + dense(width, "fc2")(y)


def norm(name: str) -> nn.LayerNorm:
  """Layer norm in float32, with an exact variance.

  The fast variance would cancel badly where a mean is large.
  """
  return nn.LayerNorm(epsilon=1e-6, use_fast_variance=False, name=name)


_TABLES = {"cls_token": "class_token", "pos_embed": "positions"}


def convert(state: dict[str, np.ndarray]) -> dict[str, Any]:
  """Variables of `ViT` from timm's state dict.

  ValueError names entries it has no place for.
  """

  def path(layer: str) -> tuple[str, ...] | None:
    found = re.fullmatch(r"blocks\.(\d+)\.(?:attn\.|mlp\.)?(norm1|qkv|proj|norm2|fc1|fc2)", layer)
    if found:
      return (f"block{found[1]}", found[2])
    return {"norm": ("norm",), "patch_embed.proj": ("patch",)}.get(layer)

  layers = {key: value for key, value in state.items() if key not in _TABLES}
  made = published.variables(layers, path, ignored=("head.",))
  params = made["params"] | {name: state[key] for key, name in _TABLES.items() if key in state}
  if "kernel" in params.get("patch", {}):  # a convolution there, a product here
    kernel = params["patch"]["kernel"]
    params["patch"]["kernel"] = kernel.reshape(-1, kernel.shape[-1])
  return {"params": params}
