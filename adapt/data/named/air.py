"""Beijing air: PM2.5 from pollutants and weather, a domain per station.

PM10 is left out: with it there is hardly a gap between stations. Of the hours that have PM2.5, as many
are taken of each station, evenly spaced; other missing cells are filled in as those of one's own tables
are. Training hours precede test hours.
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split
from adapt.data.raw import Column, Table

DataDir = str | os.PathLike | None

HOURS = {"train": 24_000, "test": 8_000}  # of three years, and of the one after


def station(name: str, data_dir: DataDir) -> Domain:
  """A station's hours: gases and weather as a table, and PM2.5.

  The labels are [n, 1] in µg/m³.
  """

  def read(split: str) -> Split:
    x, y = prepared.arrays(f"beijing_air/{name}", split, data_dir)
    known = np.flatnonzero(np.isfinite(y))
    known = known[np.linspace(0, len(known) - 1, HOURS[split]).astype(int)]
    columns = [
      Column(called, x[known, i].astype(np.float64))
      for i, called in enumerate(class_names.AIR_COLUMNS)
      if called != "PM10"
    ]
    table: Any = Table(tuple(columns))  # until it is encoded
    return Split(table, y[known, None].astype(np.float32))

  train, test = read("train"), read("test")
  return Domain(f"air_{name}", train, test, (), tables=(train.x, test.x))


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  f"air_{name}": partial(station, name) for name in class_names.AIR_STATIONS
}
