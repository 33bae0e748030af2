"""An accuracy over seeds, as `adapt.fit` returns it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Accuracy(NamedTuple):
  """A fraction of examples that are right, over seeds."""

  mean: float
  std: float | None  # sample standard deviation; None of one seed
  seeds: tuple[float | None, ...]  # None of a diverged one

  def __str__(self) -> str:
    spread = "" if self.std is None else f" ± {100 * self.std:.1f}"
    return f"{100 * self.mean:.1f}{spread} %"


def over_seeds(values: Sequence[float | None]) -> Accuracy:
  """The accuracy of these seeds, None for a diverged one."""
  known = [v for v in values if v is not None]
  std = float(np.std(known, ddof=1)) if len(known) > 1 else None
  return Accuracy(float(np.mean(known)) if known else float("nan"), std, tuple(values))
