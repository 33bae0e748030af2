"""Whether a difference between methods is real: paired over tasks, with intervals, corrected for many."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adapt.summary import Record, by_seed, headline

BASELINE = "source_only"


class Gain(NamedTuple):
  """What a label has above another, as fractions; tasks are the pairs."""

  mean: float  # over tasks, of the mean over their common seeds
  low: float  # 95 % bootstrap interval of that mean, over tasks
  high: float
  p: float  # two-sided Wilcoxon signed-rank test over tasks
  wins: int  # tasks on which it is above
  tasks: int


def differences(ours: Mapping[str, Record], theirs: Mapping[str, Record]) -> dict[str, float]:
  """Task → mean over common seeds of the difference in the headline measure."""
  measure = headline([*ours.values(), *theirs.values()])
  found = {}
  for task in ours.keys() & theirs.keys():
    a, b = (by_seed(side[task], "last", measure) for side in (ours, theirs))
    each = [a[s] - b[s] for s in a.keys() & b.keys() if a[s] is not None and b[s] is not None]
    if each:
      found[task] = float(np.mean(each))
  return found


def gain(pairs: Mapping[str, float]) -> Gain | None:
  """The gain that differences by task come to; None for fewer than three tasks.

  The interval is the bias-corrected and accelerated bootstrap's (Efron, 1987), 9,999 resamples of a
  fixed seed, so that the same records give the same text.
  """
  if len(pairs) < 3:
    return None
  from scipy import stats

  values = np.array([pairs[task] for task in sorted(pairs)])
  mean = float(values.mean())
  wins = int((values > 0).sum())
  if np.ptp(values) == 0:  # nothing to resample
    return Gain(mean, mean, mean, 1.0 if mean == 0 else 2 * 0.5 ** len(values), wins, len(values))
  interval = stats.bootstrap(
    (values,), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
  ).confidence_interval
  p = float(stats.wilcoxon(values).pvalue)
  return Gain(mean, float(interval.low), float(interval.high), p, wins, len(values))


def holm(ps: Sequence[float]) -> list[float]:
  """P-values corrected for their number (Holm, 1979), in their order."""
  order = np.argsort(ps, kind="stable")
  corrected, highest = [0.0] * len(ps), 0.0
  for rank, i in enumerate(order):
    highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
    corrected[i] = highest
  return corrected


def null_of(record: Record, records: Sequence[Record]) -> str | None:
  """The label of a record's null control: the same configuration with the weight at 0."""

  def of(r: Record) -> dict[str, object]:
    config = {k: v for k, v in r["config"].items() if k not in ("devices", "validator", "data")}
    return {**config, "hyperparameters": {**config["hyperparameters"], "weight": 0.0}}

  for other in records:
    same = other["task"] == record["task"] and other["method"] == record["method"]
    if same and other["config"]["hyperparameters"].get("weight") == 0.0 and of(other) == of(record):
      return str(other["label"])
  return None
