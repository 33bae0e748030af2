"""Hyper-parameters for a user's own data, by its size and kind.

A benchmark's suite says its own; these stand where a user says nothing. No target label is read.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from adapt import methods
from adapt.data.domain import PADDED, Domain, output_of

_PER_UNIT = 4  # training examples of the smaller side per hidden unit of a critic or a head
_NARROWEST = 64
# Small networks on vectors have features with singular values next to nothing, whose gradients RSD damps.
_DAMPING = 1e-4
# MCD's classifiers of pixels are linear. A critic of maps takes a pass a domain, as in ADVENT's code: what
# statistics of the mixture do to thin structures costs more than it gains.
_OF_PIXELS: dict[str, dict[str, Any]] = {"mcd": {"depth": 0}, "dann": {"passes": "separate"}}
# Networks of one hidden layer, for which DANN's paper takes a linear critic (§5.1): one with hidden layers
# tells the two sides of a small table apart whatever the features do.
_SHALLOW = ("mlp", "mlp50")
_OF_SHALLOW: dict[str, Any] = {"depth": 0}
# Methods that move inputs by a radius, which belongs to the inputs' scale: VADA's authors take 3.5 for
# standardised images of 32×32×3 values, whose length is the root of their number.
_MOVING = ("vada", "dirt_t")
RADIUS = 3.5 / (32 * 32 * 3) ** 0.5  # of an input's length


def hyperparameters(domains: Sequence[Domain], model: str = "") -> dict[str, dict[str, Any]]:
  """Return each method's changed defaults, as `Suite.defaults` takes them.

  Args:
    domains: the sources, then the target.
    model: the network's name.
  """
  *sources, target = domains
  fewest = min(sum(len(d.train.x) for d in sources), len(target.train.x))
  width, length = critic_width(fewest), input_length(sources)
  found: dict[str, dict[str, Any]] = {
    name: {"width": width} for name in methods.names() if width < _usual(name).get("width", 0)
  }
  for name, own in _OF_PIXELS.items() if output_of(sources[0]) == "pixels" else ():
    found.setdefault(name, {}).update(own)
  if model in _SHALLOW and _usual("dann"):
    found.setdefault("dann", {}).update(_OF_SHALLOW)
  if length and _usual("rsd"):
    found.setdefault("rsd", {})["damping"] = _DAMPING
  for name in _MOVING if length else ():
    if _usual(name):
      found.setdefault(name, {})["radius"] = float(f"{RADIUS * length:.3g}")
  return found


def in_words(method: str) -> dict[str, str]:
  """Return help texts of defaults that depend on the data."""
  usual, found = _usual(method), {}
  most = usual.get("width", 0)
  if most > _NARROWEST:
    rule = f"on small data a {_PER_UNIT}th of the smaller side's training examples"
    found["width"] = f"{most}; {rule}, rounded down to a power of two, at least {_NARROWEST}"
  for name, value in _OF_PIXELS.get(method, {}).items() if usual else ():
    found[name] = f"{found.get(name, usual[name])}; of pixels {value}"
  for name, value in _OF_SHALLOW.items() if usual and method == "dann" else ():
    found[name] = (
      f"{usual[name]}; of networks with one hidden layer ({', '.join(_SHALLOW)}) {value}"
    )
  if usual and method == "rsd":
    found["damping"] = f"{usual['damping']:g}; of vectors and series {_DAMPING:g}"
  if usual and method in _MOVING:
    rule = f"of vectors and series {RADIUS:.3f} of the sources' root mean square length"
    found["radius"] = f"{usual['radius']}; {rule}"
  return found


def _usual(method: str) -> dict[str, Any]:
  """A method's own defaults; of a user's own method none, as he chose them."""
  factory = methods.get(method)
  if not factory.__module__.startswith(f"{methods.__name__}."):
    return {}
  return {n: p.default for n, p in inspect.signature(factory).parameters.items()}


def input_length(sources: Sequence[Domain]) -> float:
  """Return the root mean square length of training inputs.

  Of vectors and series; 0.0 of others, whose values a method's default is for.

  Args:
    sources: domains of one kind of inputs.
  """
  inputs: list[Any] = [d.train.x for d in sources]
  if not all(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in inputs):
    return 0.0
  if any(
    x.ndim > 2 and d.kind not in ("series", PADDED) for x, d in zip(inputs, sources, strict=True)
  ):
    return 0.0
  flat = [np.asarray(x).reshape(len(x), -1) for x in inputs]
  total = sum(float(np.einsum("nd,nd->", x, x, dtype=np.float64)) for x in flat)  # without a copy
  return float((total / sum(len(x) for x in inputs)) ** 0.5)


def critic_width(examples: int) -> int:
  """Return the most hidden units that a critic has by default.

  The same holds for a head with hidden layers.

  A power of two: a critic of 1,024 units takes minutes on a table of 400 rows, and tells its two
  sides apart no better.

  Args:
    examples: training examples of the smaller side.
  """
  return max(_NARROWEST, 1 << max(examples // _PER_UNIT, 1).bit_length() - 1)
