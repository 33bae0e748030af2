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
  found = {}
  for name in methods.names():
    factory = methods.get(name)
    if not factory.__module__.startswith(methods.__name__):
      continue  # a user's own method has the defaults that he chose
    usual = {n: p.default for n, p in inspect.signature(factory).parameters.items()}
    width = critic_width(fewest)
    if width < usual.get("width", 0):
      found[name] = {"width": width}
  return found


def critic_width(examples: int) -> int:
  """Return the most hidden units that a critic has by default.

  The same holds for a head with hidden layers.

  A power of two: a critic of 1,024 units takes minutes on a table of 400 rows, and tells its two
  sides apart no better.

  Args:
    examples: training examples of the smaller side.
  """
  return max(_NARROWEST, 1 << max(examples // _PER_UNIT, 1).bit_length() - 1)
