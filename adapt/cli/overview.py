"""Overview table of the methods.

It has each method's family, setting, paper, and what it keeps beside the network.
"""

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt import catalogue, methods, models
from adapt.cli.kinds import FAMILIES
from adapt.method import Batch, Method, Net

OWN = catalogue.OWN  # of methods that declare none of these

_SHAPE, _CLASSES, _BATCH, _TARGETS = (
  (28, 28, 1),
  10,
  64,
  2000,
)  # of the example whose state is counted


class Overview(NamedTuple):
  """One row of `adapt methods --table`."""

  name: str
  family: str
  setting: str
  paper: str
  extra: str  # what it keeps beside a LeNet and its batch statistics, in numbers


def family(name: str) -> str:
  """The family of a method."""
  declared = catalogue.facts(methods.get(name)).family
  return declared if declared in FAMILIES else OWN


def of(name: str) -> Overview:
  """The overview of one method with its default hyper-parameters."""
  method = methods.traits(name)
  paper = catalogue.facts(methods.get(name)).paper or "–"
  return Overview(name, family(name), setting(method), paper, extra(name, method))


def costs(results: Path) -> dict[str, str]:
  """Step cost of each method relative to source_only, as measured.

  See benchmarks/method_cost.py.
  """
  file = results / "methods" / "cost.json"
  measured = json.loads(file.read_text("utf-8")) if file.exists() else {}
  return {name: f"{entry['ratio']:.2f}" for name, entry in measured.items()}


def setting(method: Method) -> str:
  """Describe a method's task requirements in words."""
  asks = []
  if "all_labelled" in method.reads:
    asks.append("all target labels")
  if "labelled" in method.reads:
    asks.append("few target labels")
  if method.starts == "source" and "source" not in method.reads and not asks:
    asks.append("source model only")
  if "target" not in method.reads and not asks:
    asks.append("no target")
  if method.sources > 1:
    asks.append("several sources")
  if "open" in method.serves and "closed" not in method.serves:
    asks.append("unknown target classes")
  elif "open" in method.serves:
    asks.append("any relation of classes")
  return ", ".join(asks) or "unlabelled target"


def extra(name: str, method: Method) -> str:
  """Describe a method's extra parameters and state.

  Parameters learn, and state does not. Both are kept beside the network.
  """
  try:
    shapes = jax.eval_shape(lambda key: _started(name, method, key), jax.random.key(0))
  except Exception:  # of a user's own method, which may not be made for images
    return "–"
  kept: dict[str, int] = {}
  for part, usual in zip(shapes, ("net", "stats"), strict=True):
    for entry, tree in part.items():
      if size := sum(leaf.size for leaf in jax.tree.leaves(tree)):
        kept |= {} if entry == usual else {entry: kept.get(entry, 0) + size}
  return ", ".join(f"{entry} {_short(n)}" for entry, n in kept.items()) or "–"


def _started(name: str, method: Method, key: jax.Array) -> Any:
  x = jnp.zeros((_BATCH, *_SHAPE))
  y = jnp.zeros(_BATCH, jnp.int32)
  domains = jnp.ones((_BATCH, method.sources))
  batch = Batch(x, y, jnp.ones(_BATCH), domains, x, x, y, y)
  return methods.get(name)(_net()).init(key, batch)


@functools.cache
def _net() -> Net:
  """The network of the example; JAX remembers the traces of its functions from method to method."""
  net = models.build("lenet", _CLASSES)._replace(targets=_TARGETS)
  init, apply = jax.jit(net.init), jax.jit(net.apply, static_argnames="train")
  return net._replace(init=init, apply=apply)


def _short(n: int) -> str:
  for unit, size in (("M", 10**6), ("k", 10**3)):
    if n >= size:
      return f"{n / size:.1f} {unit}".replace(".0 ", " ")
  return str(n)
