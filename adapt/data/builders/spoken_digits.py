"""Free Spoken Digit Dataset: six speakers say ten digits (Jackson, 2018).

Each says each digit fifty times. Recordings differ in length and, between speakers, 16-fold in
loudness. They are stored as log-mel spectrograms of 40 bands at 32 moments spread evenly over each
recording, after it was brought to one root mean square: or an adaptation would be credited with
setting the volume.
"""

import contextlib
import io
import re
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from adapt.data import sound
from adapt.data.builders import base, tree, vectors

SPEAKERS = base.words("george jackson lucas nicolas theo yweweler")
FRAMES, BANDS = 32, 40
RATE = 8000  # Hz
_WINDOW = 256  # samples: 32 ms
_TESTED = 5  # takes 0 to 4 are the test set, by the rule of the repository
_COMMIT = "26eb9aa"
_NAME = re.compile(r"(?:.*/)?([0-9])_([a-z]+)_([0-9]+)\.wav")

_CITATION = """\
@misc{jackson2018fsdd,
  title = {{Jakobovski/free-spoken-digit-dataset}: v1.0.8},
  author = {Jackson, Zohar and Souza, C{\\'e}sar and Flaks, Jason and Pan, Yuxin and Nicolas, Hereman
            and Thite, Adhish},
  year = {2018}, doi = {10.5281/zenodo.1342401}
}"""


def spectrogram(samples: np.ndarray, rate: int, where: str) -> np.ndarray:
  """Log-mel spectrogram [32, 40] float32 of a recording [t], without its gain.

  Raises:
    ValueError: one line that begins with `where`: silence, or another rate.
  """
  signal = samples.astype(np.float64)
  size = np.sqrt(np.mean(signal**2)) if len(signal) else 0.0
  if rate != RATE or size == 0:
    raise ValueError(f"{where} is silent or not of {RATE} Hz: fetch it again")
  signal = np.pad(signal / size, (0, max(0, _WINDOW - len(signal))))
  starts = np.linspace(0, len(signal) - _WINDOW, FRAMES).astype(int)
  frames = signal[starts[:, None] + np.arange(_WINDOW)] * np.hanning(_WINDOW + 1)[:-1]
  power = np.abs(np.fft.rfft(frames, axis=1)) ** 2 / _WINDOW
  return np.log10(power @ sound.filters(RATE, _WINDOW, BANDS).T + sound.FLOOR).astype(np.float32)


def read_wave(data: bytes, where: str) -> tuple[np.ndarray, int]:
  """Samples [t] int16 of a mono .wav file, and its rate.

  ValueError begins with `where`.
  """
  try:
    with contextlib.closing(wave.open(io.BytesIO(data))) as file:
      if (file.getnchannels(), file.getsampwidth()) != (1, 2):
        raise wave.Error("it is not 16-bit mono")
      found = np.frombuffer(file.readframes(file.getnframes()), "<i2")
      if len(found) != file.getnframes():
        raise wave.Error("it is cut short")
      return found, file.getframerate()
  except (wave.Error, EOFError) as error:
    raise ValueError(f"{where} does not decode ({error}): fetch it again") from error


Take = tuple[int, int, np.ndarray]  # take, digit, spectrogram


def _packed(path: Path) -> Iterator[Take]:
  """The recordings of a speaker, end to end in one file."""
  keys = ("samples", "offsets", "labels", "takes", "rate")
  samples, offsets, labels, takes, rate = base.read_array_file(path, keys)
  if not len(offsets) - 1 == len(labels) == len(takes) or offsets[-1] != len(samples):
    raise ValueError(f"{path} has offsets that do not fit its samples: fetch it again")
  for i, (take, label) in enumerate(zip(takes, labels, strict=True)):
    of = samples[offsets[i] : offsets[i + 1]]
    yield int(take), int(label), spectrogram(of, int(rate), f"{path} recording {i}")


class SpokenDigits(vectors.VectorBuilder):
  """Spoken digits of six speakers, as log-mel spectrograms [32, 40].

  Each speaker has 450 training and 50 test recordings. Takes 0 to 4 are the test set, as the
  repository has it. Examples are sorted by take, then digit.

  A folder given as source holds the repository's `recordings/` or an archive of it, or
  `speech/fsdd/{george,…}.npz` with samples, offsets, labels, takes and rate.
  """

  VERSION = tfds.core.Version("1.0.0")
  CLASSES = base.DIGITS
  SIZES = {name: {"train": 450, "test": 50} for name in SPEAKERS}  # noqa: RUF012
  HOMEPAGE = "https://github.com/Jakobovski/free-spoken-digit-dataset"
  LICENSE = "CC BY-SA 4.0"
  CITATION = _CITATION
  FILES = {  # noqa: RUF012
    name: (
      base.Published(
        "free-spoken-digit-dataset.zip",
        (f"https://github.com/Jakobovski/free-spoken-digit-dataset/archive/{_COMMIT}.zip",),
        most=2**27,
      ),
    )
    for name in SPEAKERS
  }
  BUILDER_CONFIGS = base.configs(SIZES, "The speaker {}.")

  def _info(self) -> tfds.core.DatasetInfo:
    return self._vector_info(
      (FRAMES, BANDS), "Log-mel spectrograms of recordings brought to one root mean square."
    )

  def _from_folder(self, folder: Path) -> dict[str, base.Arrays]:
    for place in (f"speech/fsdd/{self._config()}.npz", f"{self._config()}.npz"):
      if (folder / place).is_file():
        return _by_take(_packed(folder / place))
    archive = next(iter(sorted(folder.glob("free-spoken-digit-dataset*.zip"))), folder)
    return _by_take(self._waves(archive))

  def _from_release(self, dl_manager: tfds.download.DownloadManager) -> dict[str, base.Arrays]:
    return _by_take(self._waves(self._fetched()[0]))

  def _waves(self, path: Path) -> Iterator[Take]:
    """The speaker's recordings, `recordings/{digit}_{speaker}_{take}.wav`."""
    get: Callable[[str], bytes]
    with tree.opened([path]) as (names, get):
      for name in names:
        parts = _NAME.fullmatch(name)
        if parts and parts[2] == self._config():
          where = f"{path} {name}"
          yield int(parts[3]), int(parts[1]), spectrogram(*read_wave(get(name), where), where)


def _by_take(found: Iterator[Take]) -> dict[str, base.Arrays]:
  takes = sorted(found, key=lambda take: take[:2])
  splits = {
    "train": [t for t in takes if t[0] >= _TESTED],
    "test": [t for t in takes if t[0] < _TESTED],
  }
  return {
    name: (
      np.array([x for _, _, x in some], np.float32).reshape(-1, FRAMES, BANDS),
      np.array([y for _, y, _ in some], np.int64),
    )
    for name, some in splits.items()
  }
