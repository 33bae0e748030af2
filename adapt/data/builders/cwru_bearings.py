"""CWRU bearings: vibrations of damaged bearings at four motor loads.

Source: Case Western Reserve University. Fifteen faults that all four loads have, of the 12 kHz
drive-end sensor; healthy bearings are left out.
"""

import io
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data.builders import base, tree, vectors
from adapt.data.builders.class_names import CWRU_FAULTS as FAULTS

LOADS = ("1730", "1750", "1772", "1797")  # rpm
LENGTH = 60000  # samples of a recording that are used: 5 s
_COMMIT = "b1179d2"

_CITATION = """\
@misc{cwru_bearings,
  title = {Bearing data center},
  author = {{Case Western Reserve University}},
  howpublished = {https://engineering.case.edu/bearingdatacenter}
}"""


class CwruBearings(vectors.VectorBuilder):
  """One recording [60000] of each of 15 faults at a load.

  The loads are 1730, 1750, 1772 or 1797 rpm. A folder given as source holds
  `machines/cwru/{1730,1750,1772,1797}rpm.npz` with series and classes, or the repository's folders,
  `Data/1730 RPM/1730_B_14_DE12.npz`, or an archive of them.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = FAULTS
  SIZES = {rpm: {"train": len(FAULTS)} for rpm in LOADS}  # noqa: RUF012
  HOMEPAGE = "https://engineering.case.edu/bearingdatacenter"
  LICENSE = "No licence is stated."
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    rpm: (
      base.Published(
        "CWRU_Bearing_NumPy.zip",
        (f"https://github.com/srigas/CWRU_Bearing_NumPy/archive/{_COMMIT}.zip",),
        most=2**31,
      ),
    )
    for rpm in SIZES
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The load at {} rpm.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._vector_info((LENGTH,), "Acceleration at 12 kHz, the first 60,000 samples.")

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    for place in (f"machines/cwru/{self._config()}rpm.npz", f"{self._config()}rpm.npz"):
      if (path := folder / place).is_file():
        series, classes = base.read_array_file(path, ("series", "classes"))
        if tuple(map(str, classes)) != FAULTS or series.shape != (
          len(FAULTS),
          LENGTH,
        ):
          raise ValueError(f"{path} has not {len(FAULTS)} recordings of {LENGTH}: fetch it again")
        return {"train": (series.astype(np.float32), np.arange(len(FAULTS)))}
    archive = next(iter(sorted(folder.glob("CWRU_Bearing_NumPy*.zip"))), folder)
    return self._recordings(archive)

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return self._recordings(self._fetched()[0])

  def _recordings(self, path: Path) -> dict[str, base.Arrays]:
    """The load's recordings as the repository has them, a file each."""
    series = []
    with tree.opened([path]) as (names, get):
      for fault in FAULTS:
        ending = f"{self._config()}_{fault}_DE12.npz"
        name = next((n for n in names if n == ending or n.endswith(f"/{ending}")), None)
        if name is None:
          raise ValueError(f"{path} has no {ending}: fetch it again")
        series.append(_first(get(name), f"{path} {name}"))
    return {"train": (np.stack(series), np.arange(len(FAULTS)))}


def _first(data: bytes, where: str) -> np.ndarray:
  """The drive end's first samples [60000] float32 of an .npz file's bytes."""
  try:
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
      found = np.asarray(arrays["DE"], np.float32).ravel()[:LENGTH]
  except (OSError, KeyError, ValueError) as error:
    raise ValueError(f"{where} has no array DE: fetch it again") from error
  if len(found) < LENGTH or not np.isfinite(found).all():
    raise ValueError(f"{where} has fewer than {LENGTH} samples: fetch it again")
  return found
