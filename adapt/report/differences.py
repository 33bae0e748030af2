"""Two folders of records side by side: every cell of both, and per method what changed.

Changes are paired over seeds, over tasks with a 95 % bootstrap interval, p-values Holm-corrected.
"""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from adapt.records import record
from adapt.report import significance, summary

Side = Mapping[tuple[str, str, str], summary.Record]  # by suite, task and label


def comparison(a: Sequence[summary.Record], b: Sequence[summary.Record]) -> Table:
  """The headline of both sides, its change over common seeds, and what else is not the same."""
  table = Table(title="target test set, last step, %: mean ± sample standard deviation (seeds)")
  for name in ("suite", "task", "method"):
    table.add_column(name, overflow="fold")
  for name in ("A", "B", "B − A"):
    table.add_column(name, justify="right")
  table.add_column("settings that differ", overflow="fold")
  left, right = _side(a), _side(b)
  for key in sorted(left.keys() | right.keys(), key=lambda k: (*k[:2], summary.rank(k[2]))):
    first, second = left.get(key), right.get(key)
    change, others = "", ""
    if first and second:
      found = significance.differences({key[1]: second}, {key[1]: first})
      change = "".join(f"{100 * v:+.1f}" for v in found.values())
      others = ", ".join(record.differences(first["config"], second["config"]))
    _add(table, *key, _shown(first), _shown(second), change, others)
  return table


def changes(a: Sequence[summary.Record], b: Sequence[summary.Record]) -> Table:
  """Per suite and method: B − A over the tasks that both have."""
  table = Table(title="B − A over tasks, in points: mean, 95 % bootstrap interval")
  for name in ("suite", "method"):
    table.add_column(name, overflow="fold")
  for name in ("tasks", "B above", "B − A", "interval", "p (Holm)"):
    table.add_column(name, justify="right")
  left, right = _side(a), _side(b)
  common = {(suite, label) for suite, _, label in left.keys() & right.keys()}
  rows = []
  for suite, label in sorted(common, key=lambda k: (k[0], summary.rank(k[1]))):
    ours, theirs = (
      {k[1]: r for k, r in s.items() if k[0] == suite and k[2] == label} for s in (right, left)
    )
    pairs = significance.differences(ours, theirs)
    if pairs:
      rows.append((suite, label, pairs, significance.gain(pairs)))
  corrected = iter(significance.holm([found.p for *_, found in rows if found]))
  for suite, label, pairs, found in rows:
    mean = 100 * sum(pairs.values()) / len(pairs)
    interval = f"[{100 * found.low:+.1f}, {100 * found.high:+.1f}]" if found else summary.MISSING
    p = f"{next(corrected):.3f}" if found else summary.MISSING
    above = str(sum(v > 0 for v in pairs.values()))
    _add(table, suite, label, str(len(pairs)), above, f"{mean:+.1f}", interval, p)
  return table


def _add(table: Table, *texts: str) -> None:
  """A row of plain text: what is in brackets is no markup."""
  table.add_row(*map(Text, texts))


def _side(records: Sequence[summary.Record]) -> Side:
  return {(r["suite"], r["task"], r["label"]): r for r in records}


def _shown(item: summary.Record | None) -> str:
  if item is None:
    return "missing"
  cell = summary.cell(summary.by_seed(item, "last", summary.headline([item])).values())
  return f"{summary.percent(cell)} ({cell.n})"
