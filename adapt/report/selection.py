"""Which iterate label-free validators pick, and what they are worth.

It is read off the records.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.report.summary import Record, headline, judged, labelled, over_steps

ALWAYS = ("last", "oracle")  # rules that are no validators
# What "auto" stands for, by output. Of classes and pixels it is the validator whose picks within a run lost
# least on this repository's records (results/tables/: digits; camvid and retina).
AUTO = {
  "classes": "bnm",
  "pixels": "information_maximisation",
  "values": "source_loss",
  "labels": "source_loss",
}


def validators(records: Sequence[Record]) -> list[str]:
  """The validators that some record has scores of, sorted."""
  return sorted({name for r in records for name in r.get("validators") or {}})


def rule_of(records: Sequence[Record], suite: Suite | None, rule: str | None = None) -> str:
  """The rule that is asked for, or that of the suite's protocol.

  "auto" is what the records' output takes, of whichever suite they are.
  """
  if rule == "auto":
    kinds = {(r.get("output") or {}).get("name", "classes") for r in records}
    return AUTO[min(kinds, default="classes")]
  return rule or (suite.select if suite else "last")


def measured_as(
  records: Sequence[Record], suite: Suite | None, rule: str | None, measure: str | None
) -> list[Record]:
  """The records with the measure that their suite's tables show.

  It is the one that is asked for, else the suite's own, which is known at the last step alone.
  """
  own = suite.measure if suite and rule_of(records, suite, rule) == "last" else ""
  shown = measure or own
  return [judged(r, shown) for r in records] if shown else list(records)


def checked(records: Sequence[Record], rule: str) -> str:
  """The rule, if it is `last`, `oracle`, `auto` or a validator.

  A validator must be one of some record.

  Raises:
    ValueError: it is none of them.
  """
  known = [*ALWAYS, "auto", *validators(records)]
  if rule not in known:
    raise ValueError(f"no record has scores of '{rule}': choose --select from {', '.join(known)}")
  return rule


def described(rule: str) -> str:
  """When the numbers under that rule were taken, for a caption."""
  if rule == "last":
    return "at the last step"
  if rule == "oracle":
    return (
      "at the evaluation that is best on the target's test labels, which nobody has in practice"
    )
  which = "usual of what is predicted" if rule == "auto" else rule
  return f"at the evaluation that the label-free validator {which} scores best"


class Run(NamedTuple):
  """One seed of one record: the numbers that selection is about."""

  task: str
  label: str
  seed: int
  reached: np.ndarray  # [evaluations] on the target's test set, higher is better
  score: np.ndarray  # [evaluations] of the validator, higher is better


def runs(records: Sequence[Record], name: str) -> Iterator[Run]:
  """Every seed that did not diverge and has the validator's scores.

  What it reached is in the measure of the records' curves (`over_steps`), lower ones turned around.
  """
  if not records:
    return
  measure = over_steps(records)[0]
  sign = outputs.measure(measure).sign
  for record in records:
    scores = (record.get("validators") or {}).get(name)
    curves = (record.get("curves") or {}).get(f"target_{measure}")
    if scores is None or curves is None:
      continue
    for seed, score, curve in zip(record["config"]["seeds"], scores, curves, strict=True):
      if score is None or curve is None or str(seed) in (record.get("diverged") or {}):
        continue
      y, x = (np.array([np.nan if v is None else v for v in values]) for values in (curve, score))
      x = np.where(np.isnan(x), -np.inf, x)  # a score that is no number picks nothing
      if np.isfinite(y).all() and np.isfinite(x).any():
        yield Run(record["task"], record["label"], seed, sign * y, x)


def picked(record: Record, rule: str) -> Record:
  """The record with `last` replaced by what the rule picks.

  What is replaced is the headline. A measure without a curve, as the H-score, is kept at the last step, at
  the oracle and where the run's own validator picks: under another rule it is missing, and so is what a
  record without such scores would have.
  """
  if rule == "last" or not record.get("last"):
    return record
  measure = headline([record])
  seeds = record["config"]["seeds"]
  of: list[Any] = [None] * len(seeds)
  own = record.get("oracle" if rule == "oracle" else "selected") or {}
  if rule == "oracle" or over_steps([record])[0] != measure:
    of = own[measure] if measure in own and own.get("validator", rule) == rule else of
  else:
    sign = outputs.measure(measure).sign
    found = {
      run.seed: sign * float(run.reached[run.score.argmax()]) for run in runs([record], rule)
    }
    of = [found.get(seed) for seed in seeds]
  return {**record, "last": {measure: of}}


class Worth(NamedTuple):
  """What a validator is worth on some records.

  None where there is nothing to compute it from.
  """

  within: float | None  # Spearman's rank correlation with what is reached in a run, mean
  across: float | None  # over all evaluations of all methods of a task, mean over tasks
  regret: float | None  # how far the run's best evaluation is above the picked one, mean
  regret_across: float | None  # the same where it also picks the method, mean over tasks and seeds
  runs: int


def worth(records: Sequence[Record], name: str) -> Worth:
  """What one validator, or `last`, is worth on some records.

  `last` is no validator but has regret too. Methods that see target labels do not compete: whoever
  has some would select by them.
  """
  fair = [r for r in records if not labelled(r)]
  if name == "last":  # a score that rises with the step
    found = list(runs([_in_order(r) for r in fair], "last"))
    regret = [float(run.reached.max() - run.reached[-1]) for run in found]
    return Worth(None, None, _mean(regret), None, len(found))
  found = list(runs(fair, name))
  # One that judges the last iterate alone has no order within a run.
  within = [_spearman(r.score, r.reached) for r in found if np.isfinite(r.score).sum() > 1]
  regret = [float(run.reached.max() - run.reached[run.score.argmax()]) for run in found]
  choices: dict[tuple[str, int], list[Run]] = {}
  for run in found:
    choices.setdefault((run.task, run.seed), []).append(run)
  across, regret_across = [_spearman(x, y) for x, y in by_task(found)], []
  for some in choices.values():
    if len(some) > 1:
      best = max(some, key=lambda run: run.score.max())
      top = max(float(run.reached.max()) for run in some)
      regret_across.append(top - float(best.reached[best.score.argmax()]))
  return Worth(_mean(within), _mean(across), _mean(regret), _mean(regret_across), len(found))


def by_task(found: Sequence[Run]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Scores of all evaluations and what they reached, by task.

  They are (scores, reached) of evaluations with a score, of each task that has several methods.
  """
  tasks: dict[str, list[Run]] = {}
  for run in found:
    tasks.setdefault(run.task, []).append(run)
  for some in tasks.values():
    if len({run.label for run in some}) > 1:
      x, y = (np.concatenate([getattr(run, name) for run in some]) for name in ("score", "reached"))
      yield x[np.isfinite(x)], y[np.isfinite(x)]


def _in_order(record: Record) -> Record:
  curves = record.get("curves") or {}
  name = next((n for n in curves if n.startswith("target_")), "")
  return {
    **record,
    "validators": {"last": [c and list(range(len(c))) for c in curves.get(name, ())]},
  }


def _spearman(x: np.ndarray, y: np.ndarray) -> float | None:
  """Rank correlation, ties at their mean rank; None where one side does not vary."""
  middle = (len(x) + 1) / 2  # the mean of ranks, ties or not
  a, b = _ranks(x) - middle, _ranks(y) - middle
  spread = float((a @ a) * (b @ b))
  return float(a @ b) / math.sqrt(spread) if spread else None


def _ranks(x: np.ndarray) -> np.ndarray:
  """Ranks [n], equal values at their mean rank; a run's few are ranked without SciPy's set-up."""
  if len(x) > 50:
    from scipy import stats

    return np.asarray(stats.rankdata(x))
  return (x[:, None] > x).sum(axis=1) + ((x[:, None] == x).sum(axis=1) + 1) / 2


def _mean(values: Sequence[float | None]) -> float | None:
  known = [value for value in values if value is not None]
  return statistics.fmean(known) if known else None
