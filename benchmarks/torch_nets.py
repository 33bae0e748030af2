"""The networks of adapt/models in PyTorch, for the speed benchmark; weights at random."""

import copy
import math
from collections.abc import Callable
from typing import Any

from benchmarks import torch_photographs, torch_small
from benchmarks.contender import Work
from benchmarks.torch_pieces import pieces

# Makes (the network up to the features, how many features) for inputs of that shape.
MODELS: dict[str, Callable[[tuple[int, ...]], tuple[Any, int]]] = {
  "lenet": lambda shape: torch_small.lenet(shape[-1]),
  "dtn": lambda shape: torch_small.dtn(shape[-1]),
  "mlp": lambda shape: torch_small.mlp(math.prod(shape)),
  "cnn1d": lambda shape: torch_small.cnn1d(shape[1]),
  "gru": lambda shape: torch_small.gru(shape[1]),
  "unet_bn": lambda shape: torch_photographs.unet_bn(shape[-1]),
  "resnet18": lambda shape: torch_photographs.resnet(18),
  "resnet50": lambda shape: torch_photographs.resnet(50),
  "efficientnet_lite0": lambda shape: torch_photographs.efficientnet_lite0(),
}


def networks(work: Work) -> dict[str, Any]:
  """The network to its features, and what the method has above it, by name."""
  nn = pieces().nn
  body, features = MODELS[work.model](work.shape)
  if work.method == "mcd":
    made = [_classifier(features, work) for _ in range(2)]
    return {"body": body, "first": made[0], "second": made[1]}
  head = nn.Conv2d(features, work.classes, 1) if work.pixels else nn.Linear(features, work.classes)
  parts = {"body": body, "head": head}
  if work.method == "mean_teacher":
    teacher = copy.deepcopy(nn.ModuleDict(parts)).requires_grad_(False)
    return {**parts, "teacher": teacher}
  if work.method in ("dann", "cdan"):
    seen = features * (work.classes if work.method == "cdan" else 1)
    return {**parts, "critic": _critic(seen, work)}
  return parts


def _critic(features: int, work: Work) -> Any:
  nn = pieces().nn
  layers: list[Any] = []
  for _ in range(work.depth):
    layers += [nn.Linear(features, work.width), nn.BatchNorm1d(work.width), nn.ReLU(True)]
    features = work.width
  return nn.Sequential(*layers, nn.Linear(features, 1))


def _classifier(features: int, work: Work) -> Any:
  """One of mcd's: hidden layers, each behind dropout, under a linear one."""
  nn = pieces().nn
  layers: list[Any] = []
  for _ in range(work.depth):
    layers += [nn.Dropout(0.5), nn.Linear(features, work.width)]
    layers += [nn.BatchNorm1d(work.width), nn.ReLU(True)]
    features = work.width
  return nn.Sequential(*layers, nn.Dropout(0.5), nn.Linear(features, work.classes))


def layers(work: Work) -> dict[str, list[int]]:
  """Numbers of parameters of each array, in order of size, by what is trained, as ours has it."""
  ours = {"body": "net", "head": "net", "first": "heads", "second": "heads", "critic": "critic"}
  found: dict[str, list[int]] = {}
  for name, module in networks(work).items():
    if name in ours:  # a teacher is not trained
      sizes = [p.numel() for p in module.parameters()]
      found[ours[name]] = sorted(found.get(ours[name], []) + sizes)
  return found
