"""Pairs of ordinary files, as people have them, from copies of public sets."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

_HEART = "healthy=0,ill=1|2|3|4"


class Pair(NamedTuple):
  """Two files or folders, and what else a user has to say of them."""

  source: Path
  target: Path
  flags: tuple[str, ...] = ()


Names = Sequence[tuple[str, str]]  # of sources, each with its target
_HOSPITALS = (
  ("cleveland", "hungarian"),
  ("hungarian", "va"),
  ("va", "cleveland"),
  ("cleveland", "va"),
)
_PHOTOS = ("amazon", "webcam"), ("dslr", "webcam")
_SPEAKERS = ("george", "jackson"), ("jackson", "theo"), ("lucas", "yweweler")
_LOADS = ("1730rpm", "1797rpm"), ("1797rpm", "1750rpm")
_PRODUCTS = ("books", "kitchen"), ("electronics", "dvd")


def heart(data: Path, folder: Path, pairs: Names = _HOSPITALS) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of the hospitals' files as they are."""
  place = data / "medical/heart"
  for a, b in pairs:
    source, target = (place / f"processed.{name}.data" for name in (a, b))
    yield f"heart_{a}_{b}", Pair(source, target, ("--label-map", _HEART))


def surf(data: Path, folder: Path, pairs: Names = _PHOTOS) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of .mat files."""
  place = data / "office_caltech10/surf"
  for a, b in pairs:
    yield f"surf_{a}_{b}", Pair(place / f"{a}.mat", place / f"{b}.mat")


def optdigits(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields scikit-learn's digits as two CSV files, the second one with its grey levels inverted."""
  from sklearn.datasets import load_digits

  x, y = load_digits(return_X_y=True)
  names = ",".join([f"p{i}" for i in range(64)] + ["label"])
  for name, rows, change in (("plain", x[:900], 0), ("inverted", 16 - x[900:], 900)):
    table = np.column_stack([rows, y[change : change + len(rows)]])
    np.savetxt(folder / f"{name}.csv", table, "%g", ",", header=names, comments="")
  yield "optdigits", Pair(folder / "plain.csv", folder / "inverted.csv")


def speech(data: Path, folder: Path, pairs: Names = _SPEAKERS) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of speakers as folders of WAV files, a folder a digit."""
  from scipy.io import wavfile

  for a, b in pairs:
    for name in (a, b):
      if (folder / name).is_dir():
        continue
      with np.load(data / f"speech/fsdd/{name}.npz") as z:
        kept = {n: z[n] for n in z.files}
      for i, (label, take) in enumerate(zip(kept["labels"], kept["takes"], strict=True)):
        place = folder / name / ("test" if take < 5 else "train") / str(label)
        place.mkdir(parents=True, exist_ok=True)
        start, end = kept["offsets"][i : i + 2]
        wavfile.write(place / f"{take}.wav", int(kept["rate"]), kept["samples"][start:end])
    yield f"speech_{a}_{b}", Pair(folder / a, folder / b)


def air(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of stations, hours of three years and, as the target, of the year after.

  Every 7th hour, so that no test row lies beside a training row; constants and counters are left out.
  """
  left_out = "No", "year", "station", "lat", "long"
  with zipfile.ZipFile(data / "air/PRSA_Data.zip") as packed:
    for a, b in (("Dingling", "Wanshouxigong"), ("Wanshouxigong", "Huairou")):
      for name, later in ((a, False), (b, True)):
        text = io.TextIOWrapper(packed.open(f"PRSA_Data_{name}_20130301-20170228.csv"), "utf-8")
        head, *rows = csv.reader(text)
        day = [head.index(n) for n in ("year", "month")]
        kept = [i for i, n in enumerate(head) if n not in left_out]
        value = head.index("PM2.5")
        some = [
          row
          for row in rows[::7]
          if row[value] != "NA" and (tuple(int(row[i]) for i in day) >= (2016, 3)) == later
        ]
        with (folder / f"{name}_{later:d}.csv").open("w", newline="") as stream:
          csv.writer(stream).writerows([row[i] for i in kept] for row in (head, *some))
      files = folder / f"{a}_0.csv", folder / f"{b}_1.csv"
      yield f"air_{a}_{b}".lower(), Pair(*files, ("--output", "values", "--label-column", "PM2.5"))


def pacs(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of styles as folders of images, a folder a class of 60 images."""
  for a, b in (("art_painting", "photo"), ("photo", "cartoon")):
    for name in (a, b):
      if (folder / name).is_dir():
        continue
      with np.load(data / f"pacs/{name}.npz") as z:
        kept = {n: z[n] for n in z.files}
      for k, called in enumerate(kept["classes"]):
        (folder / name / called).mkdir(parents=True)
        for i in np.random.default_rng(k).permutation(np.flatnonzero(kept["labels"] == k))[:60]:
          start, end = kept["offsets"][i : i + 2]
          (folder / name / called / f"{i}.webp").write_bytes(kept["data"][start:end].tobytes())
    yield f"pacs_{a}_{b}", Pair(folder / a, folder / b)


def bearings(data: Path, folder: Path, pairs: Names = _LOADS) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of loads as long series, cut into windows."""
  for a, b in pairs:
    for name in (a, b):
      with np.load(data / f"machines/cwru/{name}.npz") as z:
        # Recordings of a quarter each, so that windows of one lie on one side of the split.
        x = z["series"][:, :32768].reshape(-1, 8192)
      np.savez(folder / f"{name}.npz", x=x[..., None], y=np.repeat(np.arange(15), 4))
    cut = ("--window", "1024", "--stride", "1024")
    yield f"bearings_{a}_{b}", Pair(folder / f"{a}.npz", folder / f"{b}.npz", cut)


def amazon(data: Path, folder: Path, pairs: Names = _PRODUCTS) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of products as CSV files of review texts without their repeats."""
  for a, b in pairs:
    for name in (a, b):
      rows: dict[str, str] = {}
      for label in ("positive", "negative"):
        whole = (data / f"amazon/raw/{name}/{label}.review").read_text("utf-8")
        for text in re.findall(r"<review_text>(.*?)</review_text>", whole, re.DOTALL):
          rows.setdefault(text.strip(), label)
      with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows.items()])
    yield f"amazon_{a}_{b}", Pair(folder / f"{a}.csv", folder / f"{b}.csv")


KINDS: dict[str, Callable[..., Iterator[tuple[str, Pair]]]] = {
  f.__name__: f for f in (heart, surf, optdigits, air, pacs, speech, bearings, amazon)
}
