"""Small networks in PyTorch, layer for layer those of adapt/models."""

from typing import Any

from benchmarks.torch_pieces import pieces

BLOCKS = ((64, 5), (128, 8), (128, 8))  # of cnn1d: channels, kernel


def lenet(channels: int) -> tuple[Any, int]:
  """(network up to the features, how many) of images of 28×28."""
  nn = pieces().nn
  layers = [
    *(nn.Conv2d(channels, 20, 5), nn.MaxPool2d(2), nn.ReLU(True)),
    *(nn.Conv2d(20, 50, 5), nn.Dropout2d(0.5), nn.MaxPool2d(2), nn.ReLU(True)),
    *(nn.Flatten(), nn.Linear(800, 500), nn.ReLU(True), nn.Dropout(0.5)),
    *(nn.Linear(500, 256), nn.BatchNorm1d(256), nn.ReLU(True)),
  ]
  return nn.Sequential(*layers), 256


def dtn(channels: int) -> tuple[Any, int]:
  """Three strided convolutions and 512 units, of images of 32×32."""
  nn = pieces().nn
  layers: list[Any] = []
  for after, rate in ((64, 0.1), (128, 0.3), (256, 0.5)):
    layers += [nn.Conv2d(channels, after, 5, 2, 2), nn.BatchNorm2d(after)]
    layers += [nn.Dropout2d(rate), nn.ReLU(True)]
    channels = after
  layers += [nn.Flatten(), nn.Linear(4096, 512), nn.BatchNorm1d(512), nn.ReLU(True)]
  return nn.Sequential(*layers, nn.Dropout(0.5)), 512


def mlp(inputs: int) -> tuple[Any, int]:
  """One hidden layer of 100 sigmoid units."""
  nn = pieces().nn
  return nn.Sequential(nn.Flatten(), nn.Linear(inputs, 100), nn.Sigmoid()), 100


def cnn1d(channels: int) -> tuple[Any, int]:
  """Three convolutions over time, of series [b, channels, t]."""
  nn = pieces().nn
  layers: list[Any] = []
  for i, (after, size) in enumerate(BLOCKS):
    layers += [nn.Conv1d(channels, after, size, padding=size // 2, bias=False)]
    layers += [nn.BatchNorm1d(after), nn.ReLU(True), nn.MaxPool1d(2, padding=1)]
    layers += [] if i else [nn.Dropout(0.5)]
    channels = after
  return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten()), 128


def gru(channels: int) -> tuple[Any, int]:
  """One layer of 128 units, of series [b, t, channels]; it has two biases more than ours."""
  own = pieces()
  return own.LastState(own.nn.GRU(channels, 128, batch_first=True)), 128
