"""Scores of source and target pairs beside accuracies, for results/advise.md.

python -m benchmarks.advise --from FOLDER [--data-dir FOLDER] [--family NAME…] [--out results/advise.json]

For every ordered pair of a family, all scores of `adapt.experiments.pair_scores` and the target accuracy of
the logistic source model that they are of. Target labels are read for that accuracy, and for `known`: what
could be expected if the target's class shares were known. FOLDER has the sets that no builder prepares:
medical/heart, speech/fsdd, machines/cwru.
"""

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from adapt import data
from adapt.data import atomic_files
from adapt.data.domain import Domain, Split
from adapt.evaluation.expected_accuracy import confidence_transport
from adapt.experiments import advice, pair_scores
from adapt.records import record
from adapt.weights._content import by_content

Pair = tuple[Domain, Domain]
MOST = 2000  # rows of a domain
_ORIGIN = ("commit", "dirty", "device")  # of a record's environment


def _named(names: list[str], of: argparse.Namespace) -> Iterator[Pair]:
  loaded = {n: data.load(n, of.data_dir) for n in names}
  yield from itertools.permutations(loaded.values(), 2)


def _digits(of: argparse.Namespace) -> Iterator[Pair]:
  grey = {n: data.load(n, of.data_dir) for n in ("mnist", "usps", "usps_framed", "usps_resplit")}
  for other in ("usps", "usps_framed", "usps_resplit"):
    yield grey["mnist"], grey[other]
    yield grey[other], grey["mnist"]
  colour = data.load("mnist_rgb32", of.data_dir), data.load("mnist_m", of.data_dir)
  yield colour
  yield colour[1], colour[0]


def _heart(of: argparse.Namespace) -> Iterator[Pair]:
  yield from itertools.permutations(_hospitals(of.folder / "medical" / "heart"), 2)


def _hospitals(folder: Path) -> list[Domain]:
  """Columns that all hospitals measure; gaps become the column's median over all of them."""
  tables = {
    file.suffixes[0][1:]: np.genfromtxt(file, delimiter=",", missing_values="?")
    for file in sorted(folder.glob("processed.*.data"))
  }
  every = np.concatenate(list(tables.values()))
  kept = np.flatnonzero(np.isnan(every).mean(axis=0) < 0.3)[:-1]
  middle = np.nanmedian(every[:, kept], axis=0)
  spread = np.nanstd(every[:, kept], axis=0)
  found = []
  for name, table in tables.items():
    x = np.where(np.isnan(table[:, kept]), middle, table[:, kept])
    y = (table[:, -1] > 0).astype(np.int32)
    found.append(_domain(name, ((x - middle) / spread).astype(np.float32), y, ("well", "ill")))
  return found


def _speakers(of: argparse.Namespace) -> Iterator[Pair]:
  """Mean and spread over time of 20 bands of log power, an octave and less wide."""
  found = []
  for file in sorted((of.folder / "speech" / "fsdd").glob("*.npz")):
    with np.load(file) as z:
      starts, samples = z["offsets"], z["samples"].astype(np.float32) / 32768
      x = np.stack([_bands(samples[a:b]) for a, b in itertools.pairwise(starts)])
      found.append(_domain(file.stem, x, z["labels"].astype(np.int32), tuple("0123456789")))
  yield from itertools.permutations(found, 2)


def _bands(samples: np.ndarray, frame: int = 256) -> np.ndarray:
  padded = np.pad(samples, (0, max(0, 2 * frame - len(samples))))
  shown = np.lib.stride_tricks.sliding_window_view(padded, frame)[:: frame // 2] * np.hanning(frame)
  power = np.abs(np.fft.rfft(shown, axis=1)) ** 2
  edges = np.unique(np.geomspace(2, power.shape[1], 21).astype(int))
  bands = np.stack([power[:, a:b].sum(axis=1) for a, b in itertools.pairwise(edges)], axis=1)
  logs = np.log(bands + 1e-6)
  thirds = [part.mean(axis=0) for part in np.array_split(logs, 3)]
  return np.concatenate([*thirds, logs.std(axis=0)]).astype(np.float32)


def _bearings(of: argparse.Namespace) -> Iterator[Pair]:
  found = []
  for file in sorted((of.folder / "machines" / "cwru").glob("*.npz")):
    with np.load(file) as z:
      windows = z["series"].reshape(len(z["series"]), -1, 600)
      power = np.log(np.abs(np.fft.rfft(windows, axis=2)) ** 2 + 1e-6)[..., 1:]
      x = power.reshape(*power.shape[:2], 30, 10).mean(axis=3).reshape(-1, 30).astype(np.float32)
      y = np.repeat(np.arange(len(windows), dtype=np.int32), windows.shape[1])
      found.append(_domain(file.stem, x, y, tuple(map(str, z["classes"]))))
  yield from itertools.permutations(found, 2)


def _domain(name: str, x: np.ndarray, y: np.ndarray, classes: tuple[str, ...]) -> Domain:
  return Domain(name, Split(x, y), Split(x[:0], y[:0]), classes)


_REVIEWS = ("books", "dvd", "electronics", "kitchen")
_SURF = ("amazon", "caltech10", "dslr", "webcam")
_PACS = ("art_painting", "cartoon", "photo", "sketch")
FAMILIES: dict[str, Callable[[argparse.Namespace], Iterator[Pair]]] = {
  "digits": _digits,
  "reviews": lambda of: _named([f"amazon_{d}" for d in _REVIEWS], of),
  "reviews_400": lambda of: _named([f"amazon400_{d}" for d in _REVIEWS], of),
  "surf": lambda of: _named([f"office_caltech10_surf_{d}" for d in _SURF], of),
  "pacs": lambda of: _named([f"pacs_{d}" for d in _PACS], of),
  "heart": _heart,
  "speakers": _speakers,
  "bearings": _bearings,
}


def scored(source: Domain, target: Domain) -> dict[str, object]:
  """All scores of a pair, and the accuracy of the model that they are of."""
  began = time.perf_counter()
  y = target.train.y
  assert y is not None
  bare = target._replace(train=target.train._replace(y=None))  # so that no score can read them
  advice.MOST = MOST
  (x, xt), [ys], _ = advice.sampled([source], bare)
  folds = int(min(5, np.unique(ys, return_counts=True)[1].min()))
  model = advice.fitted_model(x, ys, xt, folds)
  a, b = by_content(x), by_content(xt)  # the order of the model's outputs
  found = pair_scores.scores(x[a], ys[a], xt[b], model)
  known = np.unique(ys)
  right = known[model.target.argmax(axis=-1)] == y[advice.rows_of(1, len(y))][b]
  return {
    "source": source.name,
    "target": target.name,
    "rows": [len(source.train.x), len(y)],
    "classes": len(known),
    "majority": float(np.bincount(model.labels).max() / len(model.labels)),
    "accuracy": float(right.mean()),
    "known": _known(pair_scores.predicted(model), y, known),
    "scores": found,
    "seconds": round(time.perf_counter() - began, 1),
  }


def _known(model: pair_scores.Predicted, y: np.ndarray, classes: np.ndarray) -> dict[str, float]:
  """How far class shares lie apart, and transport to the target's own, for judging scores alone."""
  own = np.bincount(model.labels) / len(model.labels)
  shares = np.array([(y == c).mean() for c in classes])
  every = model.target.reshape(-1, model.target.shape[-1])
  return {
    "share_distance": float(abs(shares - own).sum() / 2),  # total variation, 0 to 1
    "cot": confidence_transport(every, shares),
  }


def origin() -> dict[str, object]:
  """Commit of the code and device of this process, for beside what it measures."""
  return {n: v for n, v in record.environment().items() if n in _ORIGIN}


def main(argv: list[str] | None = None) -> int:
  """Computes the families named and writes them beside those that are there."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--from", dest="folder", type=Path, required=True)
  parser.add_argument("--data-dir")
  parser.add_argument("--family", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
  parser.add_argument("--out", type=Path, default=Path("results/advise.json"))
  of = parser.parse_args(argv)
  made = json.loads(of.out.read_text()) if of.out.exists() else {"pairs": {}}
  here = origin()  # of the code that is loaded, whatever becomes of the files meanwhile
  made["settings"] = {"rows": MOST, "strength": 0.1, "folds": 5, "components": 64}
  with threadpool_limits(1):
    for family in of.family:
      pairs = []
      for source, target in FAMILIES[family](of):
        pairs.append(scored(source, target))
        print(family, source.name, target.name, f"{pairs[-1]['accuracy']:.3f}", flush=True)
      made["pairs"][family] = pairs
      made.setdefault("origins", {})[family] = here
      atomic_files.write_json(of.out, made)
  return 0


if __name__ == "__main__":
  sys.exit(main())
