"""How predictions are counted on the device, by output kind.

Also what validators see of the outputs.
"""

from collections.abc import Callable
from typing import Any

import jax

from adapt.evaluation import label_measures, metrics, pixel_measures, value_measures

Outputs = tuple[jax.Array, jax.Array]  # features [b, d] and logits
Count = Callable[..., Any]  # (logits, labels, valid) -> additive counts of a block

_COUNT: dict[str, Count] = {
  "classes": metrics.count,
  "values": value_measures.count,
  "pixels": pixel_measures.count,
  "labels": label_measures.count,
}


def of(kind: str) -> tuple[Count, Callable[[jax.Array, jax.Array], Outputs]]:
  """How to count an output kind, and how validators see it.

  Of pixels validators see some.
  """
  return _COUNT[kind], _thinned if kind == "pixels" else _whole


def _whole(features: jax.Array, logits: jax.Array) -> Outputs:
  return features, logits


def _thinned(features: jax.Array, logits: jax.Array) -> Outputs:
  return features, pixel_measures.thinned(logits)
