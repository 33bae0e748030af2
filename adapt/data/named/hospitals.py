"""UCI Heart Disease: a domain per hospital, and planted label shifts.

A planted shift is one of the share of ill patients. The inputs are tables: a missing cell takes the
sources' median and a column of its own, chest pain, ECG, slope and thal are categories, and numbers
are scaled by the sources (see `encode.together`).
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from adapt.data import prepared, splits
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split
from adapt.data.raw import Column, Table

DataDir = str | os.PathLike | None

HOSPITALS = ("cleveland", "hungarian", "switzerland", "va")
CATEGORIES = ("cp", "restecg", "slope", "thal")
PRIORS = (10, 30, 50, 70, 90)  # percent of ill patients


def hospital(name: str, data_dir: DataDir) -> Domain:
  """A hospital's patients, with half of each class as test split.

  The half is fixed; a half, as Switzerland has 8 healthy patients, on whom any score rests.
  """
  x, y = _patients(name, data_dir)
  train, test = (Split(x[rows], y[rows]) for rows in splits.stratified(y, 0.5))
  return _domain(f"heart_{name}", train, test)


def shifted(name: str, half: str, percent: int, data_dir: DataDir) -> Domain:
  """Half of a hospital's patients, of whom `percent` % are ill.

  All of them are both splits. Patients of one class are left out, drawn by the same generator each
  time, until the share is right. The halves "source" and "target" are stratified and share no
  patient, and within a class both are draws from one hospital: label shift and nothing else.
  """
  x, y = _patients(name, data_dir)
  order = np.random.default_rng(0).permutation(len(y))
  side = 0 if half == "source" else 1
  of_class = [[i for i in order if y[i] == label][side::2] for label in (0, 1)]
  share = percent / 100
  total = int(min(len(of_class[0]) / (1 - share), len(of_class[1]) / share))
  ill = round(total * share)
  rows = np.sort([*of_class[0][: total - ill], *of_class[1][:ill]])
  split = Split(x[rows], y[rows])
  return _domain(f"heart_{name}_{half}_{percent}", split, split)


def _patients(name: str, data_dir: DataDir) -> tuple[Any, np.ndarray]:
  x, y = prepared.arrays(f"heart/{name}", "train", data_dir)
  return _table(x), y.astype(np.int32)


def _table(x: np.ndarray) -> Table:
  """Measurements [n, 13] as columns, of which some hold codes of categories."""

  def column(i: int, name: str) -> Column:
    values = x[:, i].astype(np.float64)
    if name not in CATEGORIES:
      return Column(name, values)
    codes = [None if np.isnan(v) else str(int(v)) for v in values]
    return Column(name, np.array([*codes, None], object)[:-1])

  return Table(tuple(column(i, name) for i, name in enumerate(class_names.HEART_COLUMNS)))


def _domain(name: str, train: Split, test: Split) -> Domain:
  return Domain(name, train, test, ("healthy", "disease"), tables=(train.x, test.x))


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  **{f"heart_{name}": partial(hospital, name) for name in HOSPITALS},
  **{
    f"heart_{name}_{half}_{percent}": partial(shifted, name, half, percent)
    for name in ("cleveland", "hungarian")
    for half in ("source", "target")
    for percent in PRIORS
  },
}
