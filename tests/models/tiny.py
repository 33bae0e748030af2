"""A tiny ResNet with a published state dict, in torchvision's layout."""

from by_numpy import Draws

from adapt.models.backbones import Backbone
from adapt.models.resnet import ResNet, convert

DEPTHS, WIDTH = (1, 1), 4


def state(bottleneck):
  """A state dict of ResNet(DEPTHS, bottleneck, WIDTH), its old classifier included."""
  draws, last = Draws(1), WIDTH
  draws.weight("conv1.weight", WIDTH, 3, 7, 7)
  draws.norm("bn1", WIDTH)
  for stage, depth in enumerate(DEPTHS):
    width = WIDTH * 2**stage
    for i in range(depth):
      name = f"layer{stage + 1}.{i}"
      plan = [(width, 3), (width, 3)]
      if bottleneck:
        plan = [(width, 1), (width, 3), (4 * width, 1)]
      inside = last
      for j, (channels, size) in enumerate(plan, start=1):
        draws.weight(f"{name}.conv{j}.weight", channels, inside, size, size)
        draws.norm(f"{name}.bn{j}", channels)
        inside = channels
      if last != inside or (stage > 0 and i == 0):
        draws.weight(f"{name}.downsample.0.weight", inside, last, 1, 1)
        draws.norm(f"{name}.downsample.1", inside)
      last = inside
  draws.weight("fc.weight", 10, last)
  return draws.state


def make(dtype, axis, frozen_norm):
  return ResNet(DEPTHS, True, WIDTH, dtype, axis, frozen_norm)


def make_smallest(dtype, axis, frozen_norm):
  return ResNet((1,), False, WIDTH, dtype, axis, frozen_norm)


BACKBONE = Backbone(make, convert, 32, "a tiny resnet", "tiny-resnet", "weights.safetensors")
SMALLEST = BACKBONE._replace(make=make_smallest)  # compiles fastest; features [b, 4]
