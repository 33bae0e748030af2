"""Model selection without target labels: scores from source labels and target inputs; higher is better.

The device makes the numbers of all cells at each evaluation (probe.py), or what they follow from: counts,
tables, predicted classes. The host finishes those when the record is written (`scores`). A record has
every validator's score at every evaluation, so that selecting by another one is a look at it (`best`).
Reverse validation costs a second training, so a record has it only where it was asked for (adapt/reverse.py).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.evaluation.metrics import Counts
from adapt.validators.agreement import ema_agreement
from adapt.validators.clusters import class_ami
from adapt.validators.counted import bnm, entropy, information_maximisation, source_accuracy
from adapt.validators.mixed import mixable
from adapt.validators.probe import SHOWN, probed

__all__ = ["DEFAULT", "REVERSE", "SHOWN", "VALIDATORS", "best", "check", "probed", "scores"]

DEFAULT = "information_maximisation"
REVERSE = "reverse"

_COUNTED = (source_accuracy, entropy, information_maximisation, bnm)
_ON_DEVICE = ("snd", "iwcv", "dev", "mmd", "class_silhouette", "mixval")
VALIDATORS = (*(f.__name__ for f in _COUNTED), *_ON_DEVICE, "class_ami", "ema_agreement")


def check(validator: str, xt: Any) -> None:
  """Raises ValueError where a validator has nothing to say on such target inputs."""
  if validator == "mixval" and not mixable(xt.dtype):
    raise ValueError(
      f"mixval mixes inputs, and token ids have no mixture: choose another --validator, e.g. {DEFAULT}"
    )


def scores(
  source: Sequence[Counts], target: Sequence[Counts], seen: Sequence[Mapping[str, np.ndarray]]
) -> dict[str, list[float]]:
  """Every validator's score at every evaluation of one cell.

  Args:
    source: counts of held-out source examples, per evaluation.
    target: counts of target training examples, per evaluation, without labels.
    seen: what `probed` returned of the cell, per evaluation.

  Returns:
    Name -> scores. "mixval" is left out where inputs cannot be mixed.
  """
  made = {f.__name__: [f(*both) for both in zip(source, target, strict=True)] for f in _COUNTED}
  made |= {n: [float(p[n]) for p in seen] for n in _ON_DEVICE if n in seen[0]}
  made["class_ami"] = [class_ami(p["clusters"]) for p in seen]
  classes = len(seen[0]["clusters"])
  made["ema_agreement"] = ema_agreement([p["predicted"] for p in seen], classes)
  return made


def best(scores: Sequence[float | None]) -> int | None:
  """The evaluation that a validator prefers, the first of equals.

  Args:
    scores: of one run, as `scores` makes them or a record has them: null where not a number.

  Returns:
    Its index; None if no score is a number.
  """
  known = [e for e, s in enumerate(scores) if s is not None and math.isfinite(s)]
  return max(known, key=lambda e: scores[e] or 0.0, default=None)
