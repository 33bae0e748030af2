"""What a newcomer's first command reaches on files of his own, beside scikit-learn on the same rows.

python -m benchmarks.first_run --from FOLDER [--only NAME…] [--seeds N]

FOLDER has copies of the public sets (heart disease of four hospitals, SURF features of
Office-Caltech10, the Free Spoken Digit Dataset, CWRU bearings, Amazon reviews as text). Each pair is
written as ordinary files into a temporary folder and run by `adapt run --source A --target B`, with no
flag but what the labels mean. Beside it stand scikit-learn's logistic regression and random forest,
fitted on the encoded source (and target) training rows and judged on the same test rows; the
regression has standardised columns, or, of texts, rows of length 1.
"""

import argparse
import contextlib
import csv
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.cli import commands, reading_flags
from adapt.experiments import own_data

_HEART = "healthy=0,ill=1|2|3|4"
_METHODS = "source_only", "target_only"


class Pair(NamedTuple):
  """Two files or folders, and what else a user has to say of them."""

  source: Path
  target: Path
  flags: tuple[str, ...] = ()


def heart(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of the hospitals' files as they are."""
  place = data / "medical/heart"
  for a, b in (("cleveland", "hungarian"), ("hungarian", "va"), ("va", "cleveland")):
    source, target = (place / f"processed.{name}.data" for name in (a, b))
    yield f"heart_{a}_{b}", Pair(source, target, ("--label-map", _HEART))


def surf(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of .mat files."""
  place = data / "office_caltech10/surf"
  for a, b in (("amazon", "webcam"), ("dslr", "webcam")):
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


def speech(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of speakers as folders of WAV files, a folder a digit."""
  from scipy.io import wavfile

  for a, b in (("george", "jackson"), ("jackson", "theo"), ("lucas", "yweweler")):
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


def bearings(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of loads as long series, cut into windows."""
  for a, b in (("1730rpm", "1797rpm"),):
    for name in (a, b):
      with np.load(data / f"machines/cwru/{name}.npz") as z:
        # Recordings of a quarter each, so that windows of one lie on one side of the split.
        x = z["series"][:, :32768].reshape(-1, 8192)
      np.savez(folder / f"{name}.npz", x=x[..., None], y=np.repeat(np.arange(15), 4))
    cut = ("--window", "1024", "--stride", "1024")
    yield f"bearings_{a}_{b}", Pair(folder / f"{a}.npz", folder / f"{b}.npz", cut)


def amazon(data: Path, folder: Path) -> Iterator[tuple[str, Pair]]:
  """Yields pairs of products as CSV files of review texts without their repeats."""
  for a, b in (("books", "kitchen"), ("electronics", "dvd")):
    for name in (a, b):
      rows: dict[str, str] = {}
      for label in ("positive", "negative"):
        whole = (data / f"amazon/raw/{name}/{label}.review").read_text("utf-8")
        for text in re.findall(r"<review_text>(.*?)</review_text>", whole, re.DOTALL):
          rows.setdefault(text.strip(), label)
      with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows.items()])
    yield f"amazon_{a}_{b}", Pair(folder / f"{a}.csv", folder / f"{b}.csv")


KINDS: dict[str, Callable[[Path, Path], Iterator[tuple[str, Pair]]]] = {
  f.__name__: f for f in (heart, surf, optdigits, speech, bearings, amazon)
}


def ours(pair: Pair, out: Path, seeds: int) -> dict[str, Any]:
  """Runs the one command; returns accuracy by method, or raises ValueError with its error."""
  argv = ["run", "--source", str(pair.source), "--target", str(pair.target), *pair.flags]
  argv += ["--method", *_METHODS, "--seeds", str(seeds), "--out", str(out)]
  told = io.StringIO()
  with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
    code = commands.main(argv)
  if code:
    raise ValueError(told.getvalue().strip().splitlines()[-1])
  made = [json.loads(file.read_text("utf-8")) for file in sorted(out.glob("run/*/*.json"))]
  return {r["method"]: np.mean(r["last"]["accuracy"]) for r in made}


def theirs(pair: Pair) -> dict[str, float]:
  """scikit-learn's accuracy on the same encoded rows, by method and model."""
  from sklearn.ensemble import RandomForestClassifier
  from sklearn.linear_model import LogisticRegression
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import Normalizer, StandardScaler

  parser = argparse.ArgumentParser()
  reading_flags.add(parser)
  names = [str(pair.source), str(pair.target)]
  source, target = own_data.loaded(names, None, reading_flags.of(parser.parse_args(pair.flags)))
  scaler = Normalizer if own_data.kind(target) == "text" else StandardScaler
  models = {
    "LR": lambda: make_pipeline(scaler(), LogisticRegression(max_iter=2000)),
    "RF": lambda: RandomForestClassifier(300, random_state=0),
  }
  test, found = np.asarray(target.test.x), {}
  for method, of in (("source_only", source), ("target_only", target)):
    x = np.asarray(of.train.x)
    for name, make in models.items():
      model = make().fit(x.reshape(len(x), -1), of.train.y)
      found[f"{method} {name}"] = model.score(test.reshape(len(test), -1), target.test.y)
  return {**found, "test rows": len(test)}


def main(argv: Sequence[str] | None = None) -> int:
  """Prints the table in Markdown; returns the exit code."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--from", dest="data", type=Path, required=True, metavar="FOLDER")
  parser.add_argument("--only", nargs="+", default=list(KINDS), choices=list(KINDS))
  parser.add_argument("--seeds", type=int, default=3)
  asked = parser.parse_args(argv)
  print("| pair | test rows | source_only | LR | RF | target_only | LR | RF |")
  print("| :-- | --: | --: | --: | --: | --: | --: | --: |")
  with tempfile.TemporaryDirectory(prefix="adapt-first-run-") as root:
    for kind in asked.only:
      for name, pair in KINDS[kind](asked.data, Path(root)):
        try:
          mine, other = ours(pair, Path(root) / "out" / name, asked.seeds), theirs(pair)
        except ValueError as error:
          print(f"| {name} | not read: {error} |", flush=True)
          continue
        cells = [f"{other['test rows']:.0f}"]
        for method in _METHODS:
          values = mine[method], other[f"{method} LR"], other[f"{method} RF"]
          cells += [f"{100 * v:.1f}" for v in values]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
  return 0


if __name__ == "__main__":
  sys.exit(main())
