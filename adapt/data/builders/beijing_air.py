"""Beijing multi-site air quality: hourly pollutants and weather of 12 stations.

Source: Zhang et al. (2017).
"""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data import archives
from adapt.data.builders import base, layout, tree, vectors
from adapt.data.builders.class_names import AIR_COLUMNS as COLUMNS
from adapt.data.builders.class_names import AIR_STATIONS as STATIONS

HOURS = 35064  # of four years, from 2013-03-01 on
TRAIN = 26304  # hours up to 2016-02-29; the last year is the test split
_ARCHIVES = ("air/PRSA_Data.zip", "PRSA_Data.zip", "beijing+multi+site+air+quality+data.zip")

_CITATION = """\
@article{zhang2017cautionary,
  title = {Cautionary tales on air-quality improvement in {B}eijing},
  author = {Zhang, Shuyi and Guo, Bin and Dong, Anlan and He, Jing and Xu, Ziping and Chen, Song Xi},
  journal = {Proceedings of the Royal Society A}, volume = {473}, number = {2205}, year = {2017}
}"""


def read(data: bytes, where: str) -> base.Arrays:
  """Read a station's hours in order.

  Args:
    data: its CSV file, whose columns are found by name; `NA` and empty cells are missing.
    where: what a message calls it.

  Returns:
    x [35064, 10] float32 of `COLUMNS`, and PM2.5 [35064] float32 in µg/m³; NaN where missing.

  Raises:
    ValueError: one line: absent columns, a cell that is no number, hours missing or out of order.
  """
  rows = csv.DictReader(io.StringIO(data.decode("utf-8", "replace")))
  names = (*COLUMNS, "PM2.5", "No")
  if lost := [name for name in names if name not in (rows.fieldnames or ())]:
    raise ValueError(f"{where} has no column {lost[0]}: fetch it again")
  try:
    cells = [
      [np.nan if row[n] in ("", "NA", None) else float(row[n]) for n in names] for row in rows
    ]
  except ValueError as error:
    raise ValueError(f"{where} has a cell that is no number ({error}): fetch it again") from error
  table = np.array(cells, np.float64).reshape(-1, len(names))
  if not np.array_equal(table[:, -1], np.arange(1, HOURS + 1)):
    raise ValueError(f"{where} has not the {HOURS} hours of the release in order: fetch it again")
  table = table.astype(np.float32)
  return table[:, : len(COLUMNS)], table[:, len(COLUMNS)]


def _member(path: Path, station: str) -> tuple[bytes, str]:
  """A station's CSV file of a folder or an archive, or of an archive in that."""
  with tree.opened([path]) as (names, get):
    ending = f"prsa_data_{station}_20130301-20170228.csv"
    for name in names:
      if name.lower().endswith(ending):
        return get(name), f"{path} {name}"
    for name in names:
      if name.lower().endswith(".zip"):  # the repository's download is an archive of an archive
        with zipfile.ZipFile(io.BytesIO(get(name))) as inner:
          for member in inner.namelist():
            if member.lower().endswith(ending) and archives.safe_name(member):
              return inner.read(member), f"{path} {member}"
  raise ValueError(f"{path} has no {ending}: fetch it again")


class BeijingAir(vectors.VectorBuilder):
  """Hourly air of 12 Beijing stations; the label is PM2.5 in µg/m³.

  The hours are of 2013-03-01 to 2017-02-28. Three years are the training split, the last year the
  test split. Nothing is left out: a missing cell is NaN, a missing PM2.5 too.

  A folder given as source holds `air/PRSA_Data.zip`, the UCI download, or the 12 CSV files.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = ()
  SIZES = {name: {"train": TRAIN, "test": HOURS - TRAIN} for name in STATIONS}  # noqa: RUF012
  HOMEPAGE = "https://archive.ics.uci.edu/dataset/501/beijing+multi+site+air+quality+data"
  LICENSE = "CC BY 4.0, as the UCI repository states."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    name: (
      base.Published(
        _ARCHIVES[-1],
        ("https://archive.ics.uci.edu/static/public/501/beijing+multi+site+air+quality+data.zip",),
        most=2**26,
      ),
    )
    for name in STATIONS
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The station {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._vector_info(
      (len(COLUMNS),),
      f"Columns {', '.join(COLUMNS)}; NaN where missing. The label is PM2.5.",
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    loose = sorted(folder.glob("PRSA_Data_*.csv"))
    return self._split(folder if loose else layout.find(folder, *_ARCHIVES))

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._split(self._fetched()[0])

  def _split(self, path: Path) -> dict[str, base.Arrays]:
    x, y = read(*_member(path, str(self._config())))
    return {"train": (x[:TRAIN], y[:TRAIN]), "test": (x[TRAIN:], y[TRAIN:])}
