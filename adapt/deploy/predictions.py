"""Predictions as a table for other programs."""

import csv as tables
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def csv(
  arrays: Mapping[str, np.ndarray], classes: Sequence[str], ids: Mapping[str, np.ndarray]
) -> bytes:
  """Writes predictions as CSV: ids, then classes and probabilities, or values.

  The text is UTF-8 with a row for each example; each class has a column with its probability. Each of
  several labels has a column with 0 or 1, and one with its probability.

  Args:
    arrays: predicted [n], of labels [n, k], probability [n, k], and name [n] of images, if there are any;
      of values predicted [n, d] alone.
    classes: their names, [k].
    ids: further columns [n] that say which example a row is, by name.
  """
  first = {**ids, **({"name": arrays["name"]} if "name" in arrays else {})}
  text = io.StringIO()
  writer = tables.writer(text, lineterminator="\n")
  if "probability" not in arrays:
    writer.writerow([*first, *(["predicted"] if len(classes) == 1 else classes)])
    for *which, own in zip(*first.values(), arrays["predicted"].tolist(), strict=True):
      writer.writerow([*("" if v is None else v for v in which), *(f"{v:.7g}" for v in own)])
    return text.getvalue().encode("utf-8", "surrogateescape")
  several = arrays["predicted"].ndim > 1
  shares_of = [f"probability {name}" for name in classes]
  writer.writerow([*first, *(classes if several else ["predicted"]), *shares_of])
  rows: Any = zip(*first.values(), arrays["predicted"], arrays["probability"], strict=True)
  for *which, predicted, probability in rows:
    shares = [f"{share:.6g}" for share in probability.tolist()]
    said = predicted.tolist() if several else [classes[predicted]]
    writer.writerow([*("" if v is None else v for v in which), *said, *shares])
  return text.getvalue().encode("utf-8", "surrogateescape")
