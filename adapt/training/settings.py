"""Training settings: everything about a run but method, data and seeds."""

from typing import NamedTuple


class Settings(NamedTuple):
  """Training settings that all methods of a suite share.

  Each attribute is a command-line flag of its name.

  Attributes:
    model: network, a name in adapt/models.
    steps: optimiser steps.
    batch_size: source examples per step, and as many target examples.
    optimizer: sgd (Nesterov momentum), adam, adamw or another of optax's, or a file of one's own.
    lr: initial learning rate.
    momentum: momentum of sgd.
    weight_decay: L2 penalty, added to the gradient; of adamw and others that take it, decoupled.
    schedule: inverse, that is lr / (1 + 10 progress)^0.75, cosine, constant, or step,0.5,0.4,0.9, which
      halves the rate after these shares of the steps.
    evaluations: evaluations, evenly spaced; the last one is the headline.
    shots: labelled target examples, of each class, else in all, for methods that read them.
    precision: f32 or bf16 compute; parameters stay float32.
    image_size: height and width at which the network sees images; 0 means as they are.
    augment: random views of training images: none, crop, centre, jitter or a file of one's own.
    pretrained: published weights of the backbone, a name or a .safetensors or .pth file.
    backbone_rate: learning rate of the backbone relative to the rest.
    freeze: none; norm, the backbone's batch statistics stay as published; or backbone, all of it.
    cache_features: extract a frozen backbone's features once and train what stands above it.
    defer: share of the steps before which the weights of --weights do not count (deferred re-weighting,
      Cao et al., 2019); 0.8 in its code.
    resample: draw source examples in proportion to --weights, instead of weighting their losses; with
      class_balanced weights, class-balanced sampling.
  """

  model: str = "lenet"
  steps: int = 2000
  batch_size: int = 64
  optimizer: str = "sgd"
  lr: float = 0.01
  momentum: float = 0.9
  weight_decay: float = 0.001
  schedule: str = "inverse"
  evaluations: int = 10
  shots: int = 0
  precision: str = "f32"
  image_size: int = 0
  augment: str = "none"
  pretrained: str = ""
  backbone_rate: float = 1.0
  freeze: str = "none"
  cache_features: bool = False
  defer: float = 0.0
  resample: bool = False
