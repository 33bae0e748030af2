"""ResNets, EfficientNet-Lite0 and U-Net in PyTorch, layer for layer those of adapt/models."""

from typing import Any

from benchmarks.torch_pieces import pieces

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
DEPTHS = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3)}
LITE0 = (  # expansion, channels, blocks, stride, size
  *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
  *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
)


def _above(backbone: list[Any], features: int) -> tuple[Any, int]:
  """A backbone's layers, pooled, with the bottleneck of 256 on them."""
  nn = pieces().nn
  bottleneck = (nn.Linear(features, 256), nn.BatchNorm1d(256), nn.ReLU(True))
  return nn.Sequential(*backbone, nn.AdaptiveAvgPool2d(1), nn.Flatten(), *bottleneck), 256


def _conv(before: int, after: int, size: int, stride: int = 1) -> list[Any]:
  """A convolution that keeps the size but for its stride, and its norm."""
  nn = pieces().nn
  return [nn.Conv2d(before, after, size, stride, size // 2, bias=False), nn.BatchNorm2d(after)]


def resnet(depth: int) -> tuple[Any, int]:
  """ResNet-18 or, with bottlenecks, ResNet-50; version 1.5."""
  nn, own, bottleneck = pieces().nn, pieces(), depth >= 50
  shift = [(0.5 - m) / s for m, s in zip(MEAN, STD, strict=True)]
  layers = [own.Scale([0.5 / s for s in STD], shift), *_conv(3, 64, 7, 2)]
  layers += [nn.ReLU(True), nn.MaxPool2d(3, 2, 1)]
  channels = 64
  for stage, blocks in enumerate(DEPTHS[depth]):
    width = 64 * 2**stage
    wide = 4 * width if bottleneck else width
    for i in range(blocks):
      stride = 2 if stage and not i else 1
      if bottleneck:
        body = [*_conv(channels, width, 1), nn.ReLU(True), *_conv(width, width, 3, stride)]
        body += [nn.ReLU(True), *_conv(width, wide, 1)]
      else:
        body = [*_conv(channels, width, 3, stride), nn.ReLU(True), *_conv(width, wide, 3)]
      same = stride == 1 and channels == wide
      shortcut = [] if same else _conv(channels, wide, 1, stride)
      layers.append(own.Residual(nn.Sequential(*body), nn.Sequential(*shortcut), nn.ReLU(True)))
      channels = wide
  return _above(layers, channels)


def efficientnet_lite0() -> tuple[Any, int]:
  """EfficientNet-Lite0."""
  nn, own = pieces().nn, pieces()

  def conv(before: int, after: int, size: int = 1, stride: int = 1, groups: int = 1) -> list[Any]:
    layer = nn.Conv2d(before, after, size, stride, groups=groups, bias=False)
    padding = [own.Same(size, stride)] if size > 1 else []
    return [*padding, layer, nn.BatchNorm2d(after, 1e-3)]

  layers = [own.Scale([127.5 / 128] * 3, [0.5 / 128] * 3), *conv(3, 32, 3, 2), nn.ReLU6(True)]
  channels = 32
  for expansion, after, blocks, first, size in LITE0:
    for i in range(blocks):
      wide, stride = expansion * channels, 1 if i else first
      body = [*conv(channels, wide), nn.ReLU6(True)] if expansion > 1 else []
      body += [*conv(wide, wide, size, stride, wide), nn.ReLU6(True), *conv(wide, after)]
      if stride == 1 and channels == after:
        layers.append(own.Residual(nn.Sequential(*body), nn.Identity(), nn.Identity()))
      else:
        layers += body
      channels = after
  return _above([*layers, *conv(channels, 1280), nn.ReLU6(True)], 1280)


def unet_bn(channels: int, width: int = 16, depth: int = 3) -> tuple[Any, int]:
  """U-Net with batch norm, of images whose sides halve `depth` times without a rest."""
  nn, own = pieces().nn, pieces()

  def block(before: int, after: int) -> Any:
    first = [*_conv(before, after, 3), nn.ReLU(True)]
    return nn.Sequential(*first, *_conv(after, after, 3), nn.ReLU(True))

  wide = [width * 2**level for level in range(depth + 1)]
  inside = block(wide[-2], wide[-1])
  for level in reversed(range(depth)):
    down = block(wide[level - 1] if level else channels, wide[level])
    inside = own.Level(down, inside, block(wide[level + 1] + wide[level], wide[level]))
  return inside, width
