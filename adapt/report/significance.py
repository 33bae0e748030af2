"""Whether a difference between methods is real: paired over tasks.

Differences have intervals, and are corrected for many comparisons.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from adapt import outputs
from adapt.report.summary import Record, by_seed, headline

LEVEL = 0.05
EXACT = 13  # values at most whose signs are all tried where ranks are tied


class Gain(NamedTuple):
  """What a label has above another, as fractions; tasks are the pairs."""

  mean: float  # over tasks, of the mean over their common seeds
  low: float  # 95 % bootstrap interval of that mean, over tasks
  high: float
  p: float  # two-sided Wilcoxon signed-rank test over tasks
  wins: int  # tasks on which it is above
  tasks: int


def enough(tasks: int) -> bool:
  """Whether Wilcoxon's test over that many tasks can reach LEVEL.

  Six can, five cannot.
  """
  return 2 * 0.5**tasks < LEVEL


def differences(ours: Mapping[str, Record], theirs: Mapping[str, Record]) -> dict[str, float]:
  """Task → mean difference in the headline measure over common seeds.

  It is above 0 where ours is better.
  """
  measure = headline([*ours.values(), *theirs.values()])
  found, sign = {}, outputs.measure(measure).sign
  for task in ours.keys() & theirs.keys():
    a, b = (by_seed(side[task], "last", measure) for side in (ours, theirs))
    each = [
      sign * (a[s] - b[s]) for s in a.keys() & b.keys() if a[s] is not None and b[s] is not None
    ]
    if each:
      found[task] = float(np.mean(each))
  return found


def gain(pairs: Mapping[str, float]) -> Gain | None:
  """The mean gain of differences by task, with its interval.

  None for fewer than three tasks. The interval is the bias-corrected and accelerated bootstrap's
  (Efron, 1987), 9,999 resamples of a fixed seed, so that the same records give the same text.
  """
  if len(pairs) < 3:
    return None
  from scipy import stats

  values = np.array([pairs[task] for task in sorted(pairs)])
  mean = float(values.mean())
  wins = int((values > 0).sum())
  if np.ptp(values) == 0:  # nothing to resample
    return Gain(mean, mean, mean, _wilcoxon(values), wins, len(values))
  interval = stats.bootstrap(
    (values,), np.mean, n_resamples=9999, rng=np.random.default_rng(0)
  ).confidence_interval
  p = _wilcoxon(values)
  return Gain(mean, float(interval.low), float(interval.high), p, wins, len(values))


def tasks_differ(pairs: Mapping[str, float]) -> float | None:
  """P-value of differences by task, as in `gain`.

  None where so few could not reach LEVEL.
  """
  return _wilcoxon(np.array([pairs[t] for t in sorted(pairs)])) if enough(len(pairs)) else None


def tasks_above(pairs: Mapping[str, float]) -> float | None:
  """P-value of `tasks_differ`, 1 if not above.

  That is where the ranks are not for a difference above 0. A mean may be above by one task, where
  most are surely below.
  """
  from scipy import stats

  values = np.array(list(pairs.values()))
  ranks = stats.rankdata(np.abs(values))
  return _one_way(tasks_differ(pairs), float(np.sign(values) @ ranks))


def _one_way(p: float | None, rise: float) -> float | None:
  return p if p is None or rise > 0 else 1.0


def _wilcoxon(values: np.ndarray) -> float:
  """Two-sided signed-rank test; equal differences are as rare as their sign."""
  if np.ptp(values) == 0:
    return 1.0 if values[0] == 0 else 2 * 0.5 ** len(values)
  from scipy import stats

  moved = values[values != 0]
  if len(values) > EXACT or len(np.unique(np.abs(moved))) == len(values):
    return float(stats.wilcoxon(values).pvalue)
  # Ties or zeros: every sign of every rank, as SciPy does it, but all at once.
  ranks = stats.rankdata(np.abs(moved))
  signs = np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved)) & 1
  sums, own = signs @ ranks, ranks[moved > 0].sum()
  least = min(np.mean(sums <= own), np.mean(sums >= own))
  return min(1.0, 2 * float(least))


def holm(ps: Sequence[float]) -> list[float]:
  """P-values corrected for their number (Holm, 1979), in their order."""
  order = np.argsort(ps, kind="stable")
  corrected, highest = [0.0] * len(ps), 0.0
  for rank, i in enumerate(order):
    highest = max(highest, min(1.0, (len(ps) - rank) * ps[i]))
    corrected[i] = highest
  return corrected


def seeds_differ(a: Mapping[int, float | None], b: Mapping[int, float | None]) -> float | None:
  """P-value of Student's paired t-test over common seeds.

  None for fewer than three seeds. None too where all differences are the same: what no seed changes
  has no spread to be compared with.
  """
  values = _paired(a, b)
  if len(values) < 3:
    return None
  if np.ptp(values) < 1e-9:
    return 1.0 if abs(values[0]) < 1e-9 else None
  from scipy import stats

  return float(stats.ttest_1samp(values, 0.0).pvalue)


def seeds_above(a: Mapping[int, float | None], b: Mapping[int, float | None]) -> float | None:
  """P-value of `seeds_differ`, 1 if not above.

  That is where a is not above b over their common seeds. A mean over all of its seeds may be above
  by seeds that the other has lost.
  """
  return _one_way(seeds_differ(a, b), float(_paired(a, b).sum()))


def _paired(a: Mapping[int, float | None], b: Mapping[int, float | None]) -> np.ndarray:
  """a − b of the seeds that both have."""
  pairs = [(a[s], b[s]) for s in sorted(a.keys() & b.keys())]
  return np.array([x - y for x, y in pairs if x is not None and y is not None], float)


def leaders(means: Mapping[str, float], test: Callable[[str, str], float | None]) -> dict[str, str]:
  """The best of a column, and those not significantly below it.

  They are {label: "best"}, or "tie" for each that cannot be told apart.

  Args:
    means: what competes, by label.
    test: p-value that the first of two labels is above the other, 1 where it is not; None where nothing
      can be said. Whoever cannot be compared with the highest has no mark, and the highest is then best
      of nothing.

  Returns:
    Marks by label, p-values Holm-corrected for the comparisons with the highest; empty for fewer
    than two labels and where no comparison says anything.
  """
  if len(means) < 2:
    return {}
  top = min(means, key=lambda label: (-means[label], label))
  ps = {label: test(top, label) for label in means if label != top}
  known = {label: p for label, p in ps.items() if p is not None}
  corrected = dict(zip(known, holm(list(known.values())), strict=True))
  ties = [label for label, p in corrected.items() if p >= LEVEL]
  if ties:
    return dict.fromkeys([top, *ties], "tie")
  return {top: "best"} if len(known) == len(ps) else {}


def is_null(record: Record) -> bool:
  """Whether a record is a null control: its adaptation weight is 0."""
  return bool(record["config"]["hyperparameters"].get("weight") == 0.0)


def null_of(record: Record, records: Sequence[Record]) -> str | None:
  """The label of a record's null control.

  It has the same configuration with the weight at 0.
  """
  others = "devices", "validator", "data", "seeds"  # seeds are paired where both have them

  def of(r: Record) -> dict[str, object]:
    config = {k: v for k, v in r["config"].items() if k not in others}
    return {**config, "hyperparameters": {**config["hyperparameters"], "weight": 0.0}}

  for other in records:
    same = other["task"] == record["task"] and other["method"] == record["method"]
    if same and is_null(other) and of(other) == of(record):
      return str(other["label"])
  return None
