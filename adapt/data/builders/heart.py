"""UCI Heart Disease: patients of four hospitals (Detrano et al., 1989).

The release has 14 columns, comma-separated. Copies differ in how they write a missing cell, `?` or
nothing, and some have a header line: all are read.
"""

from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, layout, vectors
from adapt.data.builders.class_names import HEART_COLUMNS as COLUMNS

# A pressure or a cholesterol of 0 is a cell that was never measured.
_ABSENT_AT_ZERO = ("trestbps", "chol")

_CITATION = """\
@article{detrano1989international,
  title = {International application of a new probability algorithm for the diagnosis of coronary
           artery disease},
  author = {Detrano, Robert and Janosi, Andras and Steinbrunn, Walter and Pfisterer, Matthias and
            Schmid, Johann-Jakob and Sandhu, Sarbjit and Guppy, Kern H. and Lee, Stella and
            Froelicher, Victor},
  journal = {The American Journal of Cardiology}, volume = {64}, number = {5}, pages = {304--310},
  year = {1989}
}"""


def read(path: Path) -> base.Arrays:
  """Read a hospital's patients.

  Returns:
    x [n, 13] float32, NaN where missing, and y [n] int64: 1 where disease was found (levels 1 to 4).

  Raises:
    ValueError: one line that names the file and the row: no 14 cells, or a cell that is no number.
  """
  rows = []
  lines = path.read_text("utf-8", "replace").splitlines()
  for number, line in enumerate(lines, 1):
    cells = [cell.strip() for cell in line.split(",")]
    if not line.strip() or (number == 1 and cells[0].lower() == "age"):
      continue
    try:
      row = [np.nan if cell in ("", "?") else float(cell) for cell in cells]
    except ValueError:
      row = []
    if len(row) != 14 or not 0 <= row[-1] <= 4:
      raise ValueError(
        f"{path} line {number} is not 13 numbers and a level from 0 to 4: fetch it again"
      )
    rows.append(row)
  table = np.array(rows, np.float32).reshape(-1, 14)
  for name in _ABSENT_AT_ZERO:
    column = table[:, COLUMNS.index(name)]
    column[column == 0] = np.nan
  return table[:, :-1], (table[:, -1] > 0).astype(np.int64)


class Heart(vectors.VectorBuilder):
  """Heart disease at four hospitals: 13 measurements and whether disease was found.

  Cleveland has 303 patients, the Hungarian institute 294, the Swiss hospitals 123, Long Beach (VA) 200.
  The order is the release's; a missing cell is NaN, and so is a cholesterol or a pressure of 0.

  A folder given as source holds `processed.{cleveland,hungarian,switzerland,va}.data`, in itself, in
  `medical/heart/` or in `heart/`.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = ("healthy", "disease")
  SIZES = {  # noqa: RUF012
    "cleveland": {"train": 303},
    "hungarian": {"train": 294},
    "switzerland": {"train": 123},
    "va": {"train": 200},
  }
  HOMEPAGE = "https://archive.ics.uci.edu/dataset/45/heart+disease"
  LICENSE = "CC BY 4.0, as the UCI repository states."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    name: (
      base.Published(
        f"processed.{name}.data",
        (
          "https://archive.ics.uci.edu/ml/machine-learning-databases/heart-disease/"
          f"processed.{name}.data",
        ),
        most=2**20,
      ),
    )
    for name in SIZES
  }
  BUILDER_CONFIGS = base.configs(SIZES, "Patients of {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._vector_info(
      (13,),
      f"Columns {', '.join(COLUMNS)}; NaN where missing. Disease is any level above 0.",
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    name = f"processed.{self._config()}.data"
    return {"train": read(layout.find(folder, name, f"medical/heart/{name}", f"heart/{name}"))}

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return {"train": read(self._fetched()[0])}
