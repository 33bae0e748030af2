"""Encode tables as vectors; see `columns` for how each column becomes numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import alike, columns
from adapt.data.column_names import each_split, names_of
from adapt.data.domain import Domain, one_split
from adapt.data.raw import Column, Table
from adapt.data.reading import Reading


def of_arrays(domain: Domain, names: Sequence[str]) -> Domain:
  """Arrays as tables of number columns."""

  def of(x: Any) -> Table:
    if isinstance(x, Table):
      return x
    return Table(tuple(Column(n, x[:, k].astype(float)) for k, n in enumerate(names)))

  return each_split(domain, of)


def together(
  domains: Sequence[Domain], reading: Reading
) -> tuple[list[Domain], list[dict[str, Any]]]:
  """Tables as vectors.

  They are fitted on the training rows of all but the last domain, or of one alone.
  """
  names = names_of(domains[0])
  tables, marks = alike.together([of_arrays(d, names) for d in domains], reading)
  sources = max(len(tables) - 1, 1)
  parts = [part(d, i < sources) for i, d in enumerate(tables)]
  fitted, notes = columns.fit(parts, reading)
  for c in (c for c in fitted if "median" in c and c["name"] in marks):
    c["decimal"] = marks[c["name"]]
  kept = [c["name"] for c in fitted]
  step = {"step": "table", "columns": fitted}
  for domain in domains:
    check_wide(domain, fitted)
  found = [encoded(d, step)[0] for d in tables]
  found[0] = found[0]._replace(notes=found[0].notes + tuple(notes))
  return found, [
    {"step": "columns", "names": kept, "left_out": [n for n in names if n not in kept]},
    step,
  ]


def part(domain: Domain, source: bool) -> columns.Part:
  train: Any = domain.train.x
  test: Any = domain.test.x
  # Rows of splits that are one count once.
  return columns.Part(domain.name, train, test[:0] if one_split(domain) else test, source)


def encoded(domain: Domain, step: Any) -> tuple[Domain, list[str]]:
  notes: list[str] = []

  def of(table: Any) -> np.ndarray:
    x, more = columns.encode(table, step["columns"], domain.name)
    notes.extend(more)
    return x

  return each_split(domain, of)._replace(features=columns.names(step["columns"])), notes


def plain(domain: Domain) -> Domain:
  """A table of numbers without missing cells as vectors."""
  fitted = [{"name": n, "median": float("nan"), "missing": False} for n in names_of(domain)]
  found, _ = encoded(domain, {"columns": fitted})
  arrays: list[Any] = [found.train.x, found.test.x]
  for x in arrays:
    if np.isnan(x).any():
      raise ValueError(
        f"{domain.name} has missing cells, which the model has not learnt to fill: fill them in"
      )
  return found


def check_wide(domain: Domain, fitted: Sequence[Mapping[str, Any]]) -> None:
  """Refuse float32 arrays for columns that need float64."""
  if isinstance(domain.train.x, Table):
    return
  if wide := [c["name"] for c in fitted if "offset" in c]:
    raise ValueError(
      f"{domain.name} is an array, whose float32 blurs column '{wide[0]}': give a table or data frame"
    )
