"""Networks by name. The only folder that imports linen; everything outside sees `Net`.

A file NAME.py defines `NAME(classes, *, dtype, axis) -> Net`: `dtype` is the compute type
(parameters stay float32), `axis` the device axis over which batch statistics are averaged.
The backbones of `backbones.py` are networks too: each with a bottleneck and a head above it.
"""

import functools
from typing import Any

from adapt import catalogue
from adapt.method import Net

_HELPERS = (
  *("backbones", "critic", "efficientnet", "head", "layers", "linen", "minilm", "nets"),
  *("packed_rows", "pretrained", "published", "resnet", "stochastic", "vit", "weights_file"),
  "winograd",
)


def names() -> tuple[str, ...]:
  """The networks that `--model` takes."""
  from adapt.models.backbones import BACKBONES  # not at the top: it imports linen

  files = (n for n in catalogue.names(__name__) if n not in _HELPERS)
  return tuple(sorted({*files, *BACKBONES}))


def has_backbone(name: str) -> bool:
  """Whether the network is a backbone that takes published weights, with a classifier above it."""
  from adapt.models.backbones import BACKBONES

  return name in BACKBONES


def build(
  name: str,
  classes: int,
  precision: str = "f32",
  axis: str | None = None,
  freeze: str = "none",
) -> Net:
  """The network of that name.

  Args:
    name: one of `names()`.
    classes: number of classes.
    precision: f32 or bf16, of the products.
    axis: device axis over which batch statistics are averaged.
    freeze: "none"; "norm", a backbone's batch statistics stay as they are, in training too; or
      "backbone", all of it runs as in evaluation and gets no gradient.

  Raises:
    ValueError: unknown name or precision; something to freeze of a network that has it not.
  """
  dtype = _dtype(precision)
  if name not in names():
    raise ValueError(f"unknown model '{name}': choose from {', '.join(names())}")
  if has_backbone(name):
    from adapt.models.backbones import classifier

    return classifier(name, classes, dtype=dtype, axis=axis, freeze=freeze)
  if freeze != "none":
    raise ValueError(f"model {name} has no backbone to freeze: leave out --freeze {freeze}")
  net: Net = catalogue.get(__name__, name)(classes, dtype=dtype, axis=axis)
  return net


@functools.cache
def bind(name: str) -> catalogue.Bound:
  """The network of that name: a function (classes, precision, axis, freeze) -> Net."""

  def factory(
    classes: int, precision: str = "f32", axis: str | None = None, freeze: str = "none"
  ) -> Net:
    return build(name, classes, precision, axis, freeze)

  return catalogue.Bound(name, factory, package=__name__)


def extractor(name: str, precision: str = "f32") -> Any:
  """(init, apply) of the backbone of that name alone, see `backbones.extractor`."""
  from adapt.models import backbones

  return backbones.extractor(name, dtype=_dtype(precision))


def _dtype(precision: str) -> Any:
  import jax.numpy as jnp

  dtypes = {"f32": jnp.float32, "bf16": jnp.bfloat16}
  if precision not in dtypes:
    raise ValueError(f"unknown precision '{precision}': choose from {', '.join(dtypes)}")
  return dtypes[precision]
