"""The results page's first tables: gains by suite, scoreboard, first runs."""

import json
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.report import reproductions, selection
from adapt.report.baselines import BASELINE, changed_settings
from adapt.report.summary import Record, by_seed, headline, labelled
from adapt.report.table import NONE, Entry, Line, Sheet, number

# Outputs whose usual label-free score compares methods; that of the others is of the source alone.
_COMPARED = ("classes", "pixels")
_STEPS = (0.5, 3.0, 8.0)  # points between the shades of gains
_CAPTION = (
  "Points (of R² hundredths) over source_only in the measure of a suite's tables, averaged over the tasks "
  "that both have. A "
  "frame marks the method whose label-free score ({rules}) is highest at the last step; the gain of a "
  "method that sees target labels is in no competition. Settings other than a suite's have a column of "
  "their own. Suites and settings without source_only are left out, and so are other hyper-parameters than "
  "a method's usual ones."
)
_FIRST = (
  "One command a pair of ordinary files, with defaults, beside scikit-learn's logistic (of values ridge) "
  "regression (LR) and random forest (RF) on the same rows. Scores on the target's test rows, the mean over "
  "seeds: accuracy in percent, of values R² × 100. Shades: by how many points ours is above or below LR. "
  "Where and why it is below: results/first_run.md."
)


def sheets(
  records: Sequence[Record], known: Mapping[str, Suite], first: Path | None = None
) -> list[Sheet]:
  """The heat map of gains, verdicts on published rows, first runs.

  A sheet with nothing to show is left out.

  Args:
    records: of any suites.
    known: suites by name, with their published rows.
    first: JSON of the scores of first runs; it need not be there.
  """
  made = [gains(records), _scoreboard(records, known)]
  if first is not None and first.exists():
    made.append(first_runs(json.loads(first.read_text("utf-8"))))
  return [sheet for sheet in made if sheet.lines]


def first_runs(found: Mapping[str, Mapping[str, Any]]) -> Sheet:
  """What one command gives on ordinary files, beside scikit-learn."""
  lines = []
  for name, run in found.items():
    entries = [number(run["test rows"], 0)]
    for bound in ("source_only", "target_only"):
      ours, regression, forest = (100 * run[bound + end] for end in ("", " LR", " RF"))
      entries.append(Entry(f"{ours:.1f}", ours, mark=_shade(ours - regression)))
      entries += [number(regression), number(forest)]
    entries += [number(run["seeds"], 0)]
    title = outputs.measure(run["measure"]).title
    lines.append(Line(name.replace("_", " "), (Entry(title), *entries)))
  columns = ("source_only", "LR", "RF", "target_only", "LR", "RF")
  header = ("pair", "measure", "test rows", *columns, "seeds")
  return Sheet("first_runs", "First runs on ordinary files", header, tuple(lines), _FIRST)


def _shade(gain: float, chosen: bool = False) -> str:
  shade = sum(abs(gain) >= step for step in _STEPS)
  return f"{'up' if gain >= 0 else 'down'}{shade}{'*' if chosen else ''}"


def gains(records: Sequence[Record]) -> Sheet:
  """Method by suite: the average gain over `source_only`, in the measure's unit."""
  by_suite: dict[str, dict[str, dict[str, Record]]] = {}
  for r in records:
    settings = [f"{n}={v}" for n, v in changed_settings(r).items()]
    # What differs in more than settings is not what a column is of.
    if r["label"] == "-".join([r["method"], *settings]) and r.get("last"):
      column = ", ".join([r["suite"], *settings])
      by_suite.setdefault(column, {}).setdefault(r["method"], {})[r["task"]] = r
  shown = {n: made for n, made in sorted(by_suite.items()) if len(made) > 1 and BASELINE in made}
  chosen = {name: _chosen(made) for name, made in shown.items()}
  methods = sorted({label for made in shown.values() for label in made} - {BASELINE})
  lines = []
  for label in methods:
    entries = [_gain(made, label, chosen[name] == label) for name, made in shown.items()]
    lines.append(Line(label, tuple(entries)))
  lines.sort(key=lambda line: (line.name == "target_only", line.name))
  used = {(r.get("output") or {}).get("name", "classes") for r in records}
  rules = [f"{selection.AUTO[output]} of {output}" for output in _COMPARED if output in used]
  caption = _CAPTION.format(rules=", ".join(rules))
  return Sheet("gains", "What each method gains", ("method", *shown), tuple(lines), caption)


def _gain(made: Mapping[str, Mapping[str, Record]], label: str, chosen: bool) -> Entry:
  """A method's mean difference to source_only over common tasks, shaded."""
  mine, base = made.get(label, {}), made[BASELINE]
  both = [t for t in mine if t in base]
  measure = headline([base[t] for t in both]) if both else ""
  pairs = [(_mean(mine[t], measure), _mean(base[t], measure)) for t in both]
  found = [a - b for a, b in pairs if a is not None and b is not None]
  if not found:
    return NONE
  value = 100 * statistics.fmean(found)
  text = f"{value:+.1f}".replace("-0.0", "+0.0")
  return Entry(text, value, mark=_shade(value, chosen))


def _mean(record: Record, measure: str) -> float | None:
  values = [v for v in by_seed(record, "last", measure).values() if v is not None]
  return statistics.fmean(values) if values else None


def _chosen(made: Mapping[str, Mapping[str, Record]]) -> str | None:
  """The method of the highest label-free score at the last step, over tasks that all have."""
  scores = {}
  tasks = set.intersection(*(set(each) for each in made.values()))
  for label, each in made.items():
    found = [_score(each[t]) for t in sorted(tasks) if not labelled(each[t])]
    if found and None not in found:
      scores[label] = statistics.fmean(v for v in found if v is not None)
  return max(scores, key=lambda n: (scores[n], n)) if scores else None


def _score(record: Record) -> float | None:
  output = (record.get("output") or {}).get("name", "classes")
  if output not in _COMPARED:
    return None
  every: Any = (record.get("validators") or {}).get(selection.AUTO[output]) or ()
  last = [each[-1] for each in every if each and each[-1] is not None]
  return statistics.fmean(last) if last else None


def _scoreboard(records: Sequence[Record], known: Mapping[str, Suite]) -> Sheet:
  """How many published rows of each suite are reproduced."""
  lines = []
  for name, suite in sorted(known.items()):
    found = reproductions.compare(records, suite) if suite.reported else []
    if any(one.tasks for one in found):
      verdicts = [one.verdict for one in found]
      counts = [number(verdicts.count(v), 0) for v in reproductions.VERDICTS]
      lines.append(Line(name, (number(len(found), 0), *counts)))
  header = ("suite", "published rows", *reproductions.VERDICTS)
  caption = "Published rows beside ours, with the verdicts of results/reproductions.md."
  return Sheet("scoreboard", "Published rows", header, tuple(lines), caption)
