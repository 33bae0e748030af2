"""The networks of adapt/models in PyTorch, layer for layer, for the speed benchmark; weights at random."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from benchmarks.contender import Work

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LITE0 = (  # expansion, channels, blocks, stride, size
  *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
  *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
)


class Pieces(NamedTuple):
  """Classes and functions that need torch to be defined; it is an extra."""

  torch: Any
  nn: Any
  Residual: Any
  Same: Any
  Scale: Any
  reverse: Callable[..., Any]


@functools.cache
def pieces() -> Pieces:
  """What torch.nn has no layer for."""
  import torch
  from torch import nn

  class Residual(nn.Module):
    """after(body(x) + shortcut(x))."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, after: nn.Module) -> None:
      super().__init__()
      self.body, self.shortcut, self.after = body, shortcut, after

    def forward(self, x: Any) -> Any:
      return self.after(self.body(x) + self.shortcut(x))

  class Same(nn.Module):
    """TensorFlow's padding "SAME" for a window and a stride."""

    def __init__(self, size: int, stride: int) -> None:
      super().__init__()
      self.size, self.stride = size, stride

    def forward(self, x: Any) -> Any:
      pads = []
      for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // self.stride) - 1) * self.stride + self.size - n, 0)
        pads += [total // 2, total - total // 2]
      return nn.functional.pad(x, pads)

  class Scale(nn.Module):
    """Images in [-1, 1] to what the published weights of a backbone expect."""

    def __init__(self, a: Any, b: Any) -> None:
      super().__init__()
      self.register_buffer("a", torch.tensor(a).reshape(1, -1, 1, 1))
      self.register_buffer("b", torch.tensor(b).reshape(1, -1, 1, 1))

    def forward(self, x: Any) -> Any:
      return self.a * x + self.b

  return Pieces(torch, nn, Residual, Same, Scale, _reverse(torch))


def _reverse(torch: Any) -> Any:
  """Gradient reversal."""

  class Reverse(torch.autograd.Function):
    """Identity whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, x: Any, strength: Any) -> Any:
      ctx.save_for_backward(strength)
      return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
      return -ctx.saved_tensors[0] * grads[0], None

  return Reverse.apply


def lenet(channels: int) -> tuple[Any, int]:
  """(network up to the features, how many) of images of 28×28."""
  nn = pieces().nn
  layers = [
    *(nn.Conv2d(channels, 20, 5), nn.MaxPool2d(2), nn.ReLU()),
    *(nn.Conv2d(20, 50, 5), nn.Dropout2d(0.5), nn.MaxPool2d(2), nn.ReLU()),
    *(nn.Flatten(), nn.Linear(800, 500), nn.ReLU(), nn.Dropout(0.5)),
    *(nn.Linear(500, 256), nn.BatchNorm1d(256), nn.ReLU()),
  ]
  return nn.Sequential(*layers), 256


def mlp(inputs: int) -> tuple[Any, int]:
  """One hidden layer of 100 sigmoid units."""
  nn = pieces().nn
  return nn.Sequential(nn.Linear(inputs, 100), nn.Sigmoid()), 100


def _above(backbone: list[Any], features: int) -> tuple[Any, int]:
  """A backbone's layers, pooled, with the bottleneck of 256 on them."""
  nn = pieces().nn
  bottleneck = (nn.Linear(features, 256), nn.BatchNorm1d(256), nn.ReLU())
  return nn.Sequential(*backbone, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *bottleneck), 256


def resnet50() -> tuple[Any, int]:
  """ResNet-50, version 1.5."""
  nn, own = pieces().nn, pieces()

  def conv(before: int, after: int, size: int, stride: int = 1) -> list[Any]:
    layer = nn.Conv2d(before, after, size, stride, size // 2, bias=False)
    return [layer, nn.BatchNorm2d(after)]

  shift = [(0.5 - m) / s for m, s in zip(MEAN, STD, strict=True)]
  layers = [
    own.Scale([0.5 / s for s in STD], shift),
    *conv(3, 64, 7, 2),
    nn.ReLU(),
    nn.MaxPool2d(3, 2, 1),
  ]
  channels = 64
  for stage, depth in enumerate((3, 4, 6, 3)):
    width = 64 * 2**stage
    for i in range(depth):
      stride = 2 if stage and not i else 1
      first, second = conv(channels, width, 1), conv(width, width, 3, stride)
      body = [*first, nn.ReLU(), *second, nn.ReLU(), *conv(width, 4 * width, 1)]
      shortcut = [] if i else conv(channels, 4 * width, 1, stride)
      layers.append(own.Residual(nn.Sequential(*body), nn.Sequential(*shortcut), nn.ReLU()))
      channels = 4 * width
  return _above(layers, channels)


def efficientnet_lite0() -> tuple[Any, int]:
  """EfficientNet-Lite0."""
  nn, own = pieces().nn, pieces()

  def conv(before: int, after: int, size: int = 1, stride: int = 1, groups: int = 1) -> list[Any]:
    layer = nn.Conv2d(before, after, size, stride, groups=groups, bias=False)
    padding = [own.Same(size, stride)] if size > 1 else []
    return [*padding, layer, nn.BatchNorm2d(after, 1e-3)]

  layers = [own.Scale([127.5 / 128] * 3, [0.5 / 128] * 3), *conv(3, 32, 3, 2), nn.ReLU6()]
  channels = 32
  for expansion, after, blocks, first, size in LITE0:
    for i in range(blocks):
      wide, stride = expansion * channels, 1 if i else first
      body = [*conv(channels, wide), nn.ReLU6()] if expansion > 1 else []
      body += [*conv(wide, wide, size, stride, wide), nn.ReLU6(), *conv(wide, after)]
      if stride == 1 and channels == after:
        layers.append(own.Residual(nn.Sequential(*body), nn.Identity(), nn.Identity()))
      else:
        layers += body
      channels = after
  return _above([*layers, *conv(channels, 1280), nn.ReLU6()], 1280)


def networks(work: Work) -> dict[str, Any]:
  """The network to its features, its head and, for dann, the critic, by name."""
  nn = pieces().nn
  makers = {
    "lenet": lambda: lenet(work.shape[-1]),
    "mlp": lambda: mlp(math.prod(work.shape)),
    "resnet50": resnet50,
    "efficientnet_lite0": efficientnet_lite0,
  }
  body, features = makers[work.model]()
  parts = {"body": body, "head": nn.Linear(features, work.classes)}
  if work.method == "source_only":
    return parts
  layers: list[Any] = []
  for i in range(work.depth):
    before = work.width if i else features
    layers += [nn.Linear(before, work.width), nn.BatchNorm1d(work.width), nn.ReLU()]
  last = nn.Linear(work.width if work.depth else features, 1)
  return {**parts, "critic": nn.Sequential(*layers, last)}


def layers(work: Work) -> dict[str, list[int]]:
  """Numbers of parameters of each array, in order of size, of the network and the critic."""
  parts = {
    name: [p.numel() for p in module.parameters()] for name, module in networks(work).items()
  }
  net = {"net": sorted(parts["body"] + parts["head"])}
  return {**net, "critic": sorted(parts["critic"])} if "critic" in parts else net
