"""README's table of kinds of data: a suite of each, before and after adaptation."""

import statistics
from collections.abc import Mapping, Sequence

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.report import selection
from adapt.report.baselines import BASELINE
from adapt.report.summary import BOUND, Record, by_seed, headline, labelled

KINDS = {  # what a suite's data are
  "digits": "digits",
  "amazon_reviews": "reviews",
  "spoken_digits": "speakers",
  "heart": "hospitals",
  "air": "air stations",
  "camvid": "day and dusk",
  "retina": "retina cameras",
}
_HEAD = (
  "| from one to another | measure | source_only | best method | target_only |\n"
  "| :-- | :-- | --: | --: | --: |\n"
)
_CAPTION = (
  "\nMeans over tasks and seeds. The best method that sees no target label is named in hindsight.\n"
)


def block(records: Sequence[Record], suites: Mapping[str, Suite]) -> str:
  """A table of Markdown.

  Args:
    records: of any suites.
    suites: by name.
  """
  lines = []
  for name, what in KINDS.items():
    mine = [r for r in records if r["suite"] == name and r["label"] == r["method"]]
    if found := _line(selection.measured_as(mine, suites.get(name), None, None)):
      lines.append(f"| [{what}](results/tables/{name}.md) | {found} |\n")
  return _HEAD + "".join(lines) + _CAPTION


def _line(records: Sequence[Record]) -> str:
  """The cells of one suite, over the tasks that both bounds have."""
  made: dict[str, dict[str, Record]] = {}
  for record in records:
    made.setdefault(record["label"], {})[record["task"]] = record
  base, bound = made.get(BASELINE, {}), made.get(BOUND[0], {})
  tasks = {task: record for task, record in base.items() if task in bound}
  if not tasks:
    return ""
  measure = headline(list(tasks.values()))
  how = outputs.measure(measure)
  means = {n: m for n, of in made.items() if (m := _mean(of, tasks, measure)) is not None}
  rivals = [n for n in means if n not in (BASELINE, *BOUND) and not labelled(made[n][min(tasks)])]
  best = max(rivals, key=lambda n: (how.sign * means[n], n), default="")

  def shown(label: str) -> str:
    return f"{how.scale * means[label]:.{1 if how.percent else 3}f}" if label in means else "–"

  unit = f"{how.title.partition(' (')[0]}{', %' * how.percent}"
  return f"{unit} | {shown(BASELINE)} | {best} {shown(best)} | {shown(BOUND[0])}"


def _mean(made: Mapping[str, Record], tasks: Mapping[str, Record], measure: str) -> float | None:
  """A method's mean over tasks and seeds; None where it has not all of them."""
  columns = [by_seed(made[t], "last", measure).values() if t in made else () for t in tasks]
  each = [[v for v in column if v is not None] for column in columns]
  return statistics.fmean(map(statistics.fmean, each)) if all(each) else None
