"""Standardises values (labels of regression), and undoes it.

The scale is that of the sources' training labels.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data.domain import Domain, Split, output_of


class Scale(NamedTuple):
  """Mean and standard deviation of the sources' training labels, per value."""

  mean: tuple[float, ...]
  std: tuple[float, ...]

  def undone(self, outputs: Any) -> Any:
    """Standardised values [..., d], NumPy's or jax's, in the labels' unit."""
    mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
    return outputs * std + mean


def standardised(domains: Sequence[Domain]) -> tuple[Scale | None, list[Domain]]:
  """The domains with standardised values, and the scale.

  Classes and pixels stay as they are.

  Args:
    domains: the sources, whose training labels count, then the target; checked.
  """
  *sources, _ = domains
  if output_of(sources[0]) != "values":
    return None, list(domains)
  y = np.concatenate([np.asarray(d.train.y, np.float64) for d in sources])
  mean, std = y.mean(axis=0), y.std(axis=0)

  def of(split: Split) -> Split:
    return split._replace(
      y=None if split.y is None else ((split.y - mean) / std).astype(np.float32)
    )

  made = [d._replace(train=of(d.train), test=of(d.test)) for d in domains]
  return Scale(tuple(mean.tolist()), tuple(std.tolist())), made
