"""Hyper-parameters for a user's own data, by its size and kind.

A benchmark's suite says its own; these stand where a user says nothing. No target label is read.
"""

import inspect
from collections.abc import Sequence
from typing import Any

from adapt import methods
from adapt.data.domain import Domain

_PER_UNIT = 4  # training examples of the smaller side per hidden unit of a critic or a head
_NARROWEST = 64


def hyperparameters(domains: Sequence[Domain]) -> dict[str, dict[str, Any]]:
  """Return each method's changed defaults, as `Suite.defaults` takes them.

  Args:
    domains: the sources, then the target.
  """
  *sources, target = domains
  fewest = min(sum(len(d.train.x) for d in sources), len(target.train.x))
  width = critic_width(fewest)
  return {
    name: {"width": width} for name in methods.names() if width < _usual(name).get("width", 0)
  }


def in_words(method: str) -> dict[str, str]:
  """Return help texts of defaults that depend on the data."""
  most = _usual(method).get("width", 0)
  if most <= _NARROWEST:
    return {}
  rule = f"on small data a {_PER_UNIT}th of the smaller side's training examples"
  return {"width": f"{most}; {rule}, rounded down to a power of two, at least {_NARROWEST}"}


def _usual(method: str) -> dict[str, Any]:
  """A method's own defaults; of a user's own method none, as he chose them."""
  factory = methods.get(method)
  if not factory.__module__.startswith(methods.__name__):
    return {}
  return {n: p.default for n, p in inspect.signature(factory).parameters.items()}


def critic_width(examples: int) -> int:
  """Return the most hidden units that a critic has by default.

  The same holds for a head with hidden layers.

  A power of two: a critic of 1,024 units takes minutes on a table of 400 rows, and tells its two
  sides apart no better.

  Args:
    examples: training examples of the smaller side.
  """
  return max(_NARROWEST, 1 << max(examples // _PER_UNIT, 1).bit_length() - 1)
