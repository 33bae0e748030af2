"""Sound as series: recordings become log-mel spectrograms.

The power of a Hann-windowed short-time Fourier transform is summed over triangular bands, evenly
spaced on the mel scale m = 2595 log10(1 + f / 700) (O'Shaughnessy, 1987), and the logarithm taken
(Davis and Mermelstein, 1980).
"""

import functools
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from adapt import extras
from adapt.data import folders
from adapt.data.domain import Domain, Split
from adapt.data.reading import Reading

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
RATE = 16_000  # Hz, to which recordings of several rates are brought at most
WINDOW, HOP = 0.032, 0.016  # seconds
_MADE = "log-mel"  # in a domain's notes
FLOOR = 1e-5  # of the power of a full-scale sine, below which all is silence


def is_sound(path: str) -> bool:
  """Whether a file is a recording by its name."""
  return Path(path).suffix.lower() in SUFFIXES


def read_folder(folder: str | os.PathLike, reading: Reading = Reading()) -> Domain:
  """Read a domain of recordings, laid out as `folders.read_folder` has images.

  Args:
    folder: of .wav, .flac, .ogg or .mp3 files.
    reading: `mel`, `seconds` and `keep_gain`.

  Returns:
    The domain, of series [n, t, mel, 1] float32.

  Raises:
    ValueError: one line with the remedy: as `folders.tree`, or a file that cannot be read.
  """
  folder = Path(folder)
  found = folders.tree(folder, SUFFIXES, "recording")
  made = domain(folder.resolve().name, found.parts, found.classes, str(folder), reading)
  return made._replace(notes=(*found.notes, *made.notes))


def domain(
  name: str,
  parts: Sequence[folders.Part],
  classes: tuple[str, ...],
  where: str,
  reading: Reading,
) -> Domain:
  """Build a domain from sound files; arguments as of `folders.domain`."""
  paths = [path for some, _ in parts for path in some]
  one = functools.partial(_series, reading=reading)
  with ThreadPoolExecutor(os.cpu_count()) as pool:
    made = list(pool.map(one, paths))
  x = np.stack([series for series, _, _ in made])
  rows, labels = folders.split(parts)
  train, test = (Split(x[of], y) for of, y in zip(rows, labels, strict=True))
  notes = _notes(where, made, reading)
  return Domain(name, train, test, classes, "series", notes=notes, held_out=len(parts) == 1)


def is_of_sound(domain: Domain) -> bool:
  """Whether a domain's inputs were made of recordings."""
  return any(_MADE in note for note in domain.notes)


def _notes(
  where: str, made: list[tuple[np.ndarray, int, float]], reading: Reading
) -> tuple[str, ...]:
  rates = sorted({rate for _, rate, _ in made})
  long = sum(seconds > reading.seconds + HOP for _, _, seconds in made)
  said = (
    f"{where}: {len(made)} recordings of {', '.join(map(str, rates))} Hz, resampled to {RATE} Hz; "
    f"{_MADE} of {reading.mel} bands, {reading.seconds:g} s each"
  )
  if long:
    said += f" ({long} longer ones cut)"
  return (said + ("" if reading.keep_gain else "; each one's gain taken out"),)


def _series(path: str, reading: Reading) -> tuple[np.ndarray, int, float]:
  """The log-mel series [t, mel, 1] of a file, its rate in Hz and its length in seconds."""
  signal, rate = read(path)
  seconds = len(signal) / rate
  signal = resampled(signal, rate)[: round(reading.seconds * RATE)]
  if not reading.keep_gain:
    signal = signal / max(float(np.sqrt(np.mean(signal**2))), 1e-8) * 0.1
  signal = np.pad(signal, (0, round(reading.seconds * RATE) - len(signal)))
  return log_mel(signal, RATE, reading.mel)[..., None], rate, seconds


def read(path: str | os.PathLike) -> tuple[np.ndarray, int]:
  """Read a recording as mono samples [t], and its rate.

  Samples are float32 in [-1, 1], the rate is in Hz.

  Raises:
    ValueError: one line: it does not decode, is empty, silent or cut short, or a library is absent.
  """
  _refuse_cut(path)
  try:
    import soundfile
  except ImportError:
    return _wave(Path(path))
  try:
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
  except (soundfile.SoundFileError, OSError) as error:
    raise ValueError(f"{path} does not decode as sound: replace it or remove it") from error
  return _checked(path, samples, int(rate))


def _wave(path: Path) -> tuple[np.ndarray, int]:
  """A .wav file, for which SciPy suffices."""
  try:
    from scipy.io import wavfile
  except ImportError as error:
    raise ValueError(f"{path} needs soundfile: {extras.install('sound')}") from error
  if path.suffix.lower() != ".wav":
    raise ValueError(f"{path} needs soundfile: {extras.install('sound')}")
  try:
    rate, samples = wavfile.read(path)
  except Exception as error:  # whatever a damaged file makes a decoder meet
    raise ValueError(f"{path} does not decode as sound: replace it or remove it") from error
  if samples.dtype == np.uint8:  # alone without a sign
    samples = (samples.astype(np.float32) - 128) / 128
  elif samples.dtype.kind == "i":
    samples = samples.astype(np.float32) / np.iinfo(samples.dtype).max
  return _checked(path, samples.reshape(len(samples), -1).astype(np.float32), int(rate))


def _checked(path: str | os.PathLike, samples: np.ndarray, rate: int) -> tuple[np.ndarray, int]:
  if not samples.size or not np.isfinite(samples).all():
    raise ValueError(f"{path} has no samples, or such that are no numbers: replace it or remove it")
  if not samples.any():
    raise ValueError(f"{path} is silent: replace it or remove it")
  return samples.mean(axis=1), rate


def _refuse_cut(path: str | os.PathLike) -> None:
  """Raises ValueError for a .wav file with fewer bytes than its header says, which decoders read."""
  try:
    with open(path, "rb") as file:
      head, there = file.read(12), file.seek(0, os.SEEK_END)
  except OSError:
    return  # the decoder says it
  declared = 8 + int.from_bytes(head[4:8], "little")
  unknown = declared in (8, 8 + 0xFFFFFFFF)  # as pipes write it
  if head[:4] == b"RIFF" and head[8:] == b"WAVE" and not unknown and there + 1 < declared:
    raise ValueError(
      f"{path} is cut short: its header says {declared} bytes, and it has {there}: replace it or remove it"
    )


def resampled(signal: np.ndarray, rate: int) -> np.ndarray:
  """The signal [t] at RATE, through a polyphase filter."""
  if rate == RATE:
    return signal
  from scipy.signal import resample_poly

  common = math.gcd(rate, RATE)
  return np.asarray(resample_poly(signal, RATE // common, rate // common), np.float32)


def log_mel(signal: np.ndarray, rate: int, bands: int) -> np.ndarray:
  """Log-mel spectrogram [frames, bands] float32 of a signal [t].

  Units are 10 dB.
  """
  size, hop = round(WINDOW * rate), round(HOP * rate)
  signal = np.pad(signal, (0, max(0, size - len(signal))))
  frames = np.lib.stride_tricks.sliding_window_view(signal, size)[::hop]
  window = np.hanning(size + 1)[:-1]  # periodic
  power = np.abs(np.fft.rfft(frames * window, axis=1) / (window.sum() / 2)) ** 2
  return np.log10(np.maximum(power @ filters(rate, size, bands).T, FLOOR)).astype(np.float32)


@functools.lru_cache(maxsize=8)
def filters(rate: int, size: int, bands: int) -> np.ndarray:
  """Triangular mel filters [bands, size // 2 + 1], with peaks 1."""
  most = 2595 * math.log10(1 + rate / 2 / 700)
  edges = 700 * (10 ** (np.linspace(0, most, bands + 2) / 2595) - 1)
  at = np.fft.rfftfreq(size, 1 / rate)
  left, peak, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
  return np.maximum(0, np.minimum((at - left) / (peak - left), (right - at) / (right - peak)))
