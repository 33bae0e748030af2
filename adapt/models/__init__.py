"""Networks by name, as `Net`.

No other folder imports linen. A file NAME.py defines `NAME(classes, *, dtype, axis) -> Net`:
`dtype` is the compute type (parameters stay float32), `axis` the device axis over which batch
statistics are averaged. The backbones of `backbones.py` are networks too: each with a bottleneck
and a head above it. A user's own module is one by `bind`, see `modules.py`.
"""

import functools
import importlib
import inspect
import operator
import re
from collections.abc import Callable
from typing import Any

from adapt import catalogue
from adapt.catalogue import Bound
from adapt.method import Net


def names() -> tuple[str, ...]:
  """The networks that `--model` takes."""
  from adapt.models.backbones import BACKBONES  # not at the top: it imports linen

  return tuple(sorted({*catalogue.names(__name__), *BACKBONES}))


def has_backbone(name: str) -> bool:
  """Whether a network is a backbone with published weights and a classifier."""
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
    raise ValueError(catalogue.unknown("model", name, names()))
  if has_backbone(name):
    from adapt.models.backbones import classifier

    return classifier(name, classes, dtype=dtype, axis=axis, freeze=freeze)
  if freeze != "none":
    raise ValueError(f"model {name} has no backbone to freeze: leave out --freeze {freeze}")
  net: Net = catalogue.get(__name__, name)(classes, dtype=dtype, axis=axis)
  return net


def bind(network: Any) -> Bound:
  """A network by name, by an importable text or as an object.

  Args:
    network: one of `names()`; "package.module:Name", which is imported; or a network of the user's
      own, see `modules.as_factory`.

  Returns:
    Its name and its factory. The factory is hashable and the same object for the same network, so
    that programs are found again; an nnx module is the same as long as it holds the same arrays.

  Raises:
    ValueError: unknown name, a text that cannot be imported, an object that is no network.
  """
  if isinstance(network, Bound):
    return network
  if inspect.ismodule(network):  # as `from adapt.models import lenet` gives it
    network = network.__name__.rpartition(".")[2]
  if not isinstance(network, str):
    from adapt.models import modules  # not at the top: it imports linen

    return Bound(_safe(modules.label(network)), _own(_known_by(network)), origin=network)
  if network in names():
    return Bound(network, _named(network), package=__name__, origin=_defined(network))
  if ":" not in network:
    raise ValueError(f"{catalogue.unknown('model', network, names())}, or give package.module:Name")
  found = bind(_imported(network))
  return found._replace(name=network, package=__name__)


def extractor(name: str, precision: str = "f32") -> Any:
  """(init, apply) of the backbone of that name alone, see `backbones.extractor`."""
  from adapt.models import backbones

  return backbones.extractor(name, dtype=_dtype(precision))


def _dtype(precision: str) -> Any:
  import jax.numpy as jnp

  dtypes = {"f32": jnp.float32, "bf16": jnp.bfloat16}
  if precision not in dtypes:
    raise ValueError(catalogue.unknown("precision", precision, dtypes))
  return dtypes[precision]


def _defined(name: str) -> Any:
  """The function whose file defines the network of that name."""
  if has_backbone(name):
    from adapt.models.backbones import classifier

    return classifier
  return catalogue.get(__name__, name)


def _imported(text: str) -> Any:
  """The object at "package.module:Name"; a text there is no object."""
  module, _, name = text.partition(":")
  try:
    found = operator.attrgetter(name)(importlib.import_module(module))
  except Exception as error:  # whatever a user's module raises
    raise ValueError(
      f"cannot import model '{text}' ({type(error).__name__}: {error}): give package.module:Name "
      "of a module on PYTHONPATH"
    ) from error
  if isinstance(found, str):
    raise ValueError(f"'{text}' is a text: give the name of a network, or of what makes one")
  return found


class _Same:
  """Stands for objects that cannot be hashed, or whose contents may change: equal if all are the same."""

  def __init__(self, *objects: Any):
    self.objects = objects  # kept, as an id may be used again

  def __hash__(self) -> int:
    return hash(tuple(map(id, self.objects)))

  def __eq__(self, other: object) -> bool:
    return isinstance(other, _Same) and list(map(id, self.objects)) == list(map(id, other.objects))


def _known_by(network: Any) -> Any:
  """What the cache of factories knows a network by."""
  from adapt.models import modules

  held = modules.arrays(network)
  try:
    hash(network)
  except TypeError:
    return _Same(network, *held)
  return _Same(network, *held) if held else network


@functools.lru_cache(maxsize=64)  # as many as there are programs: a module may hold large arrays
def _own(known: Any) -> Callable[..., Net]:
  from adapt.models import modules

  network = known.objects[0] if isinstance(known, _Same) else known
  make = modules.as_factory(network)

  @functools.lru_cache(maxsize=8)  # so that a network is looked into once
  def factory(
    classes: int, precision: str = "f32", axis: str | None = None, freeze: str = "none"
  ) -> Net:
    if freeze != "none":
      raise ValueError(
        f"{modules.label(network)} has no backbone to freeze: leave out --freeze {freeze}"
      )
    return make(classes, dtype=_dtype(precision), axis=axis)

  return factory


@functools.cache
def _named(name: str) -> Callable[..., Net]:
  def factory(
    classes: int, precision: str = "f32", axis: str | None = None, freeze: str = "none"
  ) -> Net:
    return build(name, classes, precision, axis, freeze)

  return factory


def _safe(label: str) -> str:
  """A label as part of a file's name."""
  return re.sub(r"[^A-Za-z0-9_.-]+", "_", label).strip("_.") or "network"
