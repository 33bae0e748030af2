"""Two folders of records side by side, and what changed.

Every cell of both is shown, and the change per method. Changes are paired over seeds, over tasks
with a 95 % bootstrap interval, p-values Holm-corrected.
"""

from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from adapt import outputs
from adapt.records import record
from adapt.report import significance, summary

Side = Mapping[tuple[str, str, str], summary.Record]  # by suite, task and label


def comparison(a: Sequence[summary.Record], b: Sequence[summary.Record]) -> Group:
  """Both sides' headline, its change, and other differences.

  The change is over common seeds.
  """
  table = Table(
    title="target test set, last step, fractions in %: mean ± sample standard deviation (seeds)",
    box=SIMPLE_HEAD,
  )
  left, right = _side(a), _side(b)
  rows: dict[str, list[list[str]]] = {}
  notes = []
  for key in sorted(left.keys() | right.keys(), key=lambda k: (*k[:2], summary.rank(k[2]))):
    first, second = left.get(key), right.get(key)
    change, heading = "", f"{key[0]}: {key[1]}"
    if first and second:
      found = significance.differences({key[1]: second}, {key[1]: first})
      how = outputs.measure(summary.headline([first, second]))
      change = "".join(f"{how.scale * how.sign * v:+.{how.digits}f}" for v in found.values())
      if others := record.differences(first["config"], second["config"]):
        notes.append(Text(f"{heading}: {key[2]}: {', '.join(others)}"))
    rows.setdefault(heading, []).append([key[2], _shown(first), _shown(second), change])
  table.add_column("method", overflow="fold")
  for name in ("A", "B", "B − A"):
    table.add_column(name, justify="right")
  for heading, group in rows.items():
    _add_group(table, heading, group)
  return Group(table, *([Text("settings that differ:"), *notes] if notes else []))


def changes(a: Sequence[summary.Record], b: Sequence[summary.Record]) -> Table:
  """B − A per suite and method, over common tasks.

  The unit is that of `comparison`.
  """
  table = Table(
    title="B − A over tasks, fractions in points: mean, 95 % bootstrap interval", box=SIMPLE_HEAD
  )
  table.add_column("method", overflow="fold")
  for name in ("tasks", "B better", "B − A", "interval", "p (Holm)"):
    table.add_column(name, justify="right")
  left, right = _side(a), _side(b)
  common = {(suite, label) for suite, _, label in left.keys() & right.keys()}
  found = []
  for suite, label in sorted(common, key=lambda k: (k[0], summary.rank(k[1]))):
    ours, theirs = (
      {k[1]: r for k, r in s.items() if k[0] == suite and k[2] == label} for s in (right, left)
    )
    if pairs := significance.differences(ours, theirs):
      how = outputs.measure(summary.headline([*ours.values(), *theirs.values()]))
      found.append((suite, label, how, pairs, significance.gain(pairs)))
  corrected = iter(significance.holm([gain.p for *_, gain in found if gain]))
  rows: dict[str, list[list[str]]] = {}
  for suite, label, how, pairs, gain in found:
    # Where lower is better the pairs are turned around.
    unit, form = how.scale * how.sign, f"+.{how.digits}f"
    mean = unit * sum(pairs.values()) / len(pairs)
    low, high = sorted((unit * gain.low, unit * gain.high)) if gain else (0.0, 0.0)
    interval = f"[{low:{form}}, {high:{form}}]" if gain else summary.MISSING
    p = f"{next(corrected):.3f}" if gain else summary.MISSING
    better = str(sum(v > 0 for v in pairs.values()))
    cells = [label, str(len(pairs)), better, f"{mean:{form}}", interval, p]
    rows.setdefault(suite, []).append(cells)
  for heading, group in rows.items():
    _add_group(table, heading, group)
  return table


def _add_group(table: Table, heading: str, rows: Sequence[Sequence[str]]) -> None:
  """Rows of plain text under a heading: what is in brackets is no markup."""
  table.add_section()
  table.add_row(Text(heading, style="bold"))
  for cells in rows:
    table.add_row(*map(Text, cells))


def _side(records: Sequence[summary.Record]) -> Side:
  return {(r["suite"], r["task"], r["label"]): r for r in records}


def _shown(item: summary.Record | None) -> str:
  if item is None:
    return "missing"
  measure = summary.headline([item])
  cell = summary.cell(summary.by_seed(item, "last", measure).values())
  return f"{summary.percent(cell, None, measure)} ({cell.n})"
