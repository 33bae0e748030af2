"""What a newcomer's first command reaches on files of his own, beside scikit-learn on the same rows.

python -m benchmarks.first_run --from FOLDER [--only NAME…] [--seeds N] [--out results/first_run.md]

FOLDER has copies of the public sets (heart disease of four hospitals, SURF features of
Office-Caltech10, the Free Spoken Digit Dataset, CWRU bearings, Amazon reviews as text). Each pair is
written as ordinary files into a temporary folder and run by `adapt run --source A --target B`, with no
flag but what the labels mean. Beside it stand scikit-learn's logistic regression and random forest,
fitted on the encoded source (and target) training rows and judged on the same test rows; the
regression has standardised columns, or, of texts, rows of length 1. `--out` writes the page, and what
it is made of beside it as .json; pairs that are there already stay unless they are run again.
"""

import argparse
import contextlib
import csv
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.cli import commands, reading_flags
from adapt.data import atomic_files
from adapt.experiments import own_data
from adapt.records import record

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
  pairs = ("cleveland", "hungarian"), ("hungarian", "va"), ("va", "cleveland"), ("cleveland", "va")
  for a, b in pairs:
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
  for a, b in (("1730rpm", "1797rpm"), ("1797rpm", "1750rpm")):
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
  return {r["method"]: float(np.mean(r["last"]["accuracy"])) for r in made}


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
  """Prints the table in Markdown, or writes the page; returns the exit code."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--from", dest="data", type=Path, required=True, metavar="FOLDER")
  parser.add_argument("--only", nargs="+", default=list(KINDS), choices=list(KINDS))
  parser.add_argument("--seeds", type=int, default=3)
  parser.add_argument("--out", type=Path, metavar="FILE.md")
  asked = parser.parse_args(argv)
  kept = asked.out and asked.out.with_suffix(".json")
  found: dict[str, Any] = atomic_files.load_json(kept.read_text()) if kept and kept.exists() else {}
  with tempfile.TemporaryDirectory(prefix="adapt-first-run-") as root:
    for kind in asked.only:
      for name, pair in KINDS[kind](asked.data, Path(root)):
        mine = ours(pair, Path(root) / "out" / name, asked.seeds)
        about = {k: record.environment()[k] for k in ("commit", "device")}
        found[name] = {**theirs(pair), **mine, "seeds": asked.seeds, **about}
        print(_line(name, found[name]), flush=True)
        if kept:
          atomic_files.write_json(kept, found)
          atomic_files.replace(asked.out, page(found).encode())
  return 0


def page(found: Mapping[str, Mapping[str, Any]]) -> str:
  """The page's text, of the numbers by pair."""
  header = "pair", "test rows", "source_only", "LR", "RF", "target_only", "LR", "RF", "seeds"
  commits = ", ".join(sorted({str(one["commit"])[:10] for one in found.values()}))
  devices = ", ".join(sorted({str(one["device"]) for one in found.values()}))
  lines = [
    "# First runs on ordinary files\n",
    "Generated by `python -m benchmarks.first_run --from FOLDER --out results/first_run.md`.",
    "One command a pair, with defaults. Accuracy on the target's test rows in %, the mean over seeds.",
    "LR, RF: scikit-learn's logistic regression and random forest on the same rows.",
    "*: more than 2 points below LR (`source_only`), or more than 1 (`target_only`).\n",
    f"| {' | '.join(header)} |",
    "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
    *(_line(name, one) for name, one in found.items()),
    f"\nCommit {commits}. Device: {devices}.",
  ]
  return "\n".join(lines) + "\n"


def _line(name: str, one: Mapping[str, Any]) -> str:
  """A row of the table."""
  cells = [f"{one['test rows']:.0f}"]
  for method, margin in zip(_METHODS, (0.02, 0.01), strict=True):
    other = one[f"{method} LR"]
    low = "*" if one[method] < other - margin else ""
    cells += [
      f"{100 * one[method]:.1f}{low}",
      f"{100 * other:.1f}",
      f"{100 * one[f'{method} RF']:.1f}",
    ]
  return f"| {name.replace('_', ' ')} | {' | '.join(cells)} | {one['seeds']} |"


if __name__ == "__main__":
  sys.exit(main())
