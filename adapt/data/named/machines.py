"""CWRU bearings: log spectra of vibration windows, a domain per load.

A load has one recording of each fault, so no split of its windows keeps a recording on one side. There is
none: both splits are all windows, the transductive protocol. What is labelled (the source's
recordings) and what is judged (the target's) are always different recordings.
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None

LOADS = ("1730", "1750", "1772", "1797")  # rpm
WINDOW = 1024  # samples: 85 ms


def load(rpm: str, data_dir: DataDir) -> Domain:
  """A load's windows [870, 512] float32: 58 of each fault.

  There are 15 faults, each fault's windows in order.
  """
  series, y = prepared.arrays(f"cwru_bearings/{rpm}", "train", data_dir)
  count = series.shape[1] // WINDOW
  windows = series[:, : count * WINDOW].reshape(-1, WINDOW)
  split = Split(spectra(windows), np.repeat(y, count).astype(np.int32))
  return Domain(f"bearings_{rpm}", split, split, class_names.CWRU_FAULTS, "vector")


def spectra(windows: np.ndarray) -> np.ndarray:
  """Log power spectra [n, 512] of windows [n, 1024].

  Units are 20 dB about the window's mean.
  """
  hann = np.hanning(windows.shape[1] + 1)[:-1]
  power = np.abs(np.fft.rfft(windows * hann, axis=1)[:, 1:]) ** 2
  log = np.log10(power + 1e-6 * power.mean(axis=1, keepdims=True) + 1e-12) / 2
  return (log - log.mean(axis=1, keepdims=True)).astype(np.float32)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  f"bearings_{rpm}": partial(load, rpm) for rpm in LOADS
}
