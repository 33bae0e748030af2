"""Tables that compare: gains over controls, ranks over tasks, iterates and validators."""

from collections.abc import Mapping, Sequence

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.outputs import Measure
from adapt.report import ranks, selection, worst
from adapt.report.baselines import BASELINE, baseline
from adapt.report.significance import LEVEL, Gain, differences, gain, holm, null_of
from adapt.report.summary import (
  MISSING,
  Record,
  average,
  bound,
  headline,
  over_steps,
  rows,
  tasks_of,
)
from adapt.report.table import NONE, Entry, Sheet, line, measured, number


def gains(records: Sequence[Record], suite: Suite | None) -> Sheet | None:
  """Each label's gain over source_only and over its null control.

  A gain is None without what it is measured against.
  """
  every = {row.label: row.records for row in rows(records, suite) if row.records}
  bases = {n: baseline(next(iter(mine.values())), records) for n, mine in every.items()}
  found: list[tuple[str, dict[str, float], dict[str, float]]] = []
  for label, mine in every.items():
    base = bases[label]
    over = differences(mine, _alike(mine, every[base])) if base else {}
    null = null_of(next(iter(mine.values())), records)
    alone = differences(mine, _alike(mine, every[null])) if null and null != label else {}
    if over or alone:
      found.append((label, over, alone))
  if not found:
    return None
  found.sort(key=lambda entry: (-_mean(entry[1]), entry[0]))
  tests = [[gain(over) for _, over, _ in found], [gain(alone) for *_, alone in found]]
  ps = [_corrected(column) for column in tests]
  lines, measure = [], outputs.measure(headline(records))
  for i, (label, over, alone) in enumerate(found):
    result, p = tests[0][i], ps[0][i]
    wins = sum(v > 0 for v in over.values())
    places = Entry(f"{wins}/{len(over)}", wins) if over else NONE
    verdict = Entry(_verdict(result, p))
    entries = [_interval(over, result, measure), number(p, 3), verdict, places]
    lines.append(
      line(label, [*entries, _interval(alone, tests[1][i], measure), number(ps[1][i], 3)])
    )
  header = ("method", f"over {BASELINE}", "p", "verdict", "tasks above")
  return Sheet(
    "gains",
    "Gains",
    (*header, "over its null control", "p (null control)"),
    tuple(lines),
    f"{'Points of ' * measure.percent}{measure.title}"
    f"{', positive where it is lower' * measure.lower}, mean over the tasks both have with a "
    "95 % bootstrap interval over tasks, seeds paired; no interval below three tasks, whose number stands "
    "instead. The null control (--null) is the same method, batches and passes with its adaptation term "
    "at weight 0: what is gained over it is the term's. p by Wilcoxon's signed-rank test over tasks, "
    "Holm-corrected for the methods of its column; "
    f"a verdict needs p < {LEVEL}, which fewer than six tasks cannot give, and an "
    "interval without 0. Seeds that diverged are left out of their pair, and so are tasks whose examples "
    "have changed between the two. Tasks that share a domain are "
    f"not independent.{_told(bases)}",
  )


def _alike(ours: Mapping[str, Record], theirs: Mapping[str, Record]) -> dict[str, Record]:
  """Their records of tasks on whose data ours are too: no gain is one of other examples."""

  def same(a: Record, b: Record) -> bool:  # what has another name is other features of the same
    first, second = (r["config"].get("data") or {} for r in (a, b))
    return all(first[n] == second[n] for n in first.keys() & second.keys() - {"pretrained"})

  both = ours.keys() & theirs.keys()
  return {task: theirs[task] for task in both if same(ours[task], theirs[task])}


def _told(bases: Mapping[str, str | None]) -> str:
  """What is said of labels that are compared with another than plain source_only, or with none."""
  other = [f"{n} ({base})" for n, base in sorted(bases.items()) if base not in (None, BASELINE)]
  lone = [n for n, base in sorted(bases.items()) if base is None and bound(n) != BASELINE]
  said = f" Compared with {BASELINE} of the same settings: {', '.join(other)}." if other else ""
  return f"{said} No {BASELINE} to compare with: {', '.join(lone)}." if lone else said


def _corrected(column: Sequence[Gain | None]) -> list[float | None]:
  known = iter(holm([result.p for result in column if result]))
  return [next(known) if result else None for result in column]


def _mean(pairs: dict[str, float]) -> float:
  return sum(pairs.values()) / len(pairs) if pairs else float("-inf")


def _verdict(result: Gain | None, p: float | None) -> str:
  if result is None or p is None or p >= LEVEL:
    return MISSING
  return "above" if result.low > 0 else "below" if result.high < 0 else MISSING


def _interval(pairs: dict[str, float], result: Gain | None, measure: Measure) -> Entry:
  scale, digits = measure.scale, measure.digits
  if result:
    mean, low, high = (scale * v for v in (result.mean, result.low, result.high))
    text = f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"
    return Entry(text, mean, low=low, high=high)
  if not pairs:
    return NONE
  mean, count = scale * _mean(pairs), len(pairs)
  return Entry(f"{mean:+.{digits}f} ({count} task{'s' * (count > 1)})", mean)


def rank_sheet(records: Sequence[Record]) -> Sheet | None:
  """Mean ranks over tasks, with labels not significantly below the best.

  None where there are too few to rank.
  """
  found = ranks.ranking(records)
  if found is None:
    return None
  top = min(found.ranks.values())
  lines = []
  for label, mean in found.ranks.items():
    near = mean - top < found.difference
    lines.append(line(label, [number(mean, 2), Entry("yes" if near else "no")]))
  left_out = f" Left out, as they lack tasks: {', '.join(found.without)}." if found.without else ""
  return Sheet(
    "ranks",
    "Ranks",
    ("method", "mean rank", "not told apart from the best"),
    tuple(lines),
    f"Mean rank over {found.tasks} tasks of the mean over seeds, 1 the best, methods that see no target "
    f"label, without null controls. Friedman's test that all rank alike: p = {found.p:.2g}. Two mean "
    f"ranks differ when they are {found.difference:.2f} or more apart, Nemenyi's critical difference at "
    f"{LEVEL} (Demšar, JMLR 7, 2006).{left_out}",
  )


def iterates(records: Sequence[Record], suite: Suite | None) -> Sheet:
  """Last, selected and oracle accuracy, averaged over each label's tasks.

  Where a method has an H-score, it is that instead. Where the targets are unseen it is a measure that
  is known at every evaluation, so that the ways to select stand apart.
  """
  tasks = tasks_of(records, suite)
  measure = over_steps(records)[0] if worst.shown(records, tasks) else headline(records)
  how = outputs.measure(measure)
  lines = []
  for row in rows(records, suite):
    mine = list(row.records.values())
    if mine:
      means = [average(mine, section, measure) for section in ("last", "selected", "oracle")]
      shown = [measured(m._replace(std=None) if m else None, measure=measure) for m in means]
      names = sorted({v for r in mine if (v := (r.get("selected") or {}).get("validator"))})
      told = [Entry(", ".join(names) or MISSING), Entry(f"{len(mine)}/{len(tasks)}", len(mine))]
      lines.append(line(row.label, [*shown, *told]))
  return Sheet(
    "iterates",
    "Which iterate",
    ("method", "last", "selected", "oracle", "validator", "tasks"),
    tuple(lines),
    f"Mean target {how.title}{' in percent' * how.percent} over the tasks a method has. "
    "Last: the final step, the headline. Selected: the evaluation that the label-free validator prefers. "
    "Oracle: the best evaluation on the target's test labels, which nobody has in practice.",
  )


def validators(records: Sequence[Record]) -> Sheet | None:
  """Each validator's correlation with the target's measure, and what selection costs."""
  names = selection.validators(records)
  found = {name: selection.worth(records, name) for name in [*names, "last"]}
  if not names or not any(worth.runs for worth in found.values()):
    return None
  lines = []
  measure = outputs.measure(over_steps(records)[0])
  lost = "hundredths" if not measure.percent else "points"
  title = measure.title.partition(" (")[0]
  for name, w in found.items():
    entries = [
      number(w.within, 2),
      number(w.across, 2),
      _points(w.regret),
      _points(w.regret_across),
    ]
    shown = f"{name} (no validator)" if name == "last" else name
    lines.append(line(shown, [*entries, number(w.runs, 0)]))
  return Sheet(
    "validators",
    "Validators",
    ("validator", "ρ in a run", "ρ over methods", "regret in a run", "regret over methods", "runs"),
    tuple(lines),
    f"ρ: Spearman's rank correlation of the label-free score with target test {title}, over the "
    "evaluations of a run (mean over runs in which both vary), and over all evaluations of all methods "
    f"of a task (mean over tasks). Regret against the oracle: {lost} of {title} lost by taking the "
    "evaluation that scores best, in a run, and where the validator picks the method too (mean over "
    "tasks and seeds). Methods that see target labels and seeds that diverged are left out.",
  )


def _points(value: float | None) -> Entry:
  return number(None if value is None else 100 * value, 1)
