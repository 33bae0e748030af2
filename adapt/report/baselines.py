"""What a record is compared with: source_only of the same settings."""

import re
from collections.abc import Sequence

from adapt.report.summary import Record, bound

BASELINE = "source_only"

_CHANGED = re.compile(r"-([A-Za-z_]\w*)=(.*?)(?=-[A-Za-z_]\w*=|$)")
# Never in the label of source_only, which sees no target label and is its own start.
_OTHERS = ("shots", "start")


def changed_settings(record: Record) -> dict[str, str]:
  """The settings in a record's label.

  They are those that are not its suite's. Left out are what only its method, weighting or tuning has,
  and target labels.
  """
  config = record["config"]
  own = {*_OTHERS}.union(*(config.get(n) or () for n in ("hyperparameters", "weights", "tuning")))
  return {n: v for n, v in _CHANGED.findall(record["label"]) if n not in own}


def baseline(record: Record, records: Sequence[Record]) -> str | None:
  """The label of what a record is compared with.

  It is another source_only of the same changed settings if there is exactly one, else the plain one,
  else None; `source_only` itself is compared with none.

  Args:
    record: any.
    records: of its suite.
  """
  known = {r["label"]: r for r in records if bound(r["label"]) == BASELINE}
  known.pop(record["label"], None)
  asked = changed_settings(record)
  same = [label for label, r in known.items() if changed_settings(r) == asked]
  if len(same) == 1 and record["label"] != BASELINE:
    return same[0]
  return BASELINE if BASELINE in known else None
