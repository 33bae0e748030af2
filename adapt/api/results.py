"""Records of a folder, for notebooks."""

from pathlib import Path
from typing import Any

from adapt.api.frames import pandas
from adapt.records import record
from adapt.records.schema import LISTS


class Results:
  """The records under a folder, sorted by suite, task and label.

  Attributes:
    records: as they are in the files.
  """

  def __init__(self, records: list[dict[str, Any]]) -> None:
    self.records = records

  def __len__(self) -> int:
    return len(self.records)

  def __repr__(self) -> str:
    return f"<adapt.Results: {len(self.records)} records>"

  def to_frame(self) -> Any:
    """A pandas data frame, a row a record and seed.

    Columns: suite, task, method, label, seed, the measures of the last step, `selected` and `oracle`
    accuracy, hyper-parameters and settings under their names, commit and device.
    """
    return pandas().DataFrame([row for one in self.records for row in _rows(one)])


def results(folder: str | Path) -> Results:
  """Reads every record under a folder; ValueError names one that is broken."""
  return Results(record.read_all(folder))


def _rows(made: dict[str, Any]) -> list[dict[str, Any]]:
  config, environment = made["config"], made.get("environment") or {}
  shared = {n: made[n] for n in ("suite", "task", "method", "label")}
  chosen = {**config["settings"], **config["hyperparameters"]}
  origin = {n: environment.get(n) for n in ("commit", "device")}
  rows = []
  for i, seed in enumerate(config["seeds"]):
    last = {n: v[i] for n, v in (made.get("last") or {}).items() if n not in LISTS}
    others = {
      n: made[n]["accuracy"][i]
      for n in ("selected", "oracle")
      if (made.get(n) or {}).get("accuracy")
    }
    rows.append({**shared, "seed": seed, **last, **others, **chosen, **origin})
  return rows
