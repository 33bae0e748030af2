"""Scores of trained networks beside their accuracies, for results/advise.md.

python -m benchmarks.advise_adapted FOLDER [--out results/advise_adapted.json]
python -m benchmarks.advise_adapted FOLDER --family surf speakers --from DATA

Collects from records under FOLDER the label-free scores that `adapt run` leaves in them, by seed, the target
accuracy at the same step, and the record's commit and device. With --family it first trains an MLP by several
methods on all pairs of families of `benchmarks.advise`: as many rows of each domain, so that the pairs are
one program. The other records that are committed come from short runs of suites, on one core:

M="source_only dann coral mcc bnm"
python -m benchmarks.heart $M --seeds 2 --batch-tasks --devices 1 --out FOLDER
python -m benchmarks.bearings $M --seeds 1 --batch-tasks --devices 1 --out FOLDER
python -m benchmarks.amazon_reviews $M --seeds 1 --batch-tasks --devices 1 --out FOLDER
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import atomic_files
from adapt.data.domain import Domain, Split
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run_together
from adapt.experiments.suite import Suite, Task
from adapt.training.settings import Settings
from benchmarks import advise

# Suites of one family of data; `heart_shift` resamples the hospitals.
FAMILIES = {
  "digits": "digits",
  "amazon_reviews": "reviews",
  "pacs": "pacs",
  "heart": "heart",
  "heart_shift": "heart",
  "spoken_digits": "speakers",
  "bearings": "bearings",
  **{f"advise_{f}": f for f in ("surf", "speakers")},
}
METHODS = ("source_only", "dann", "coral", "mcc", "bnm")
_MOST = 1000  # training rows of a domain
_NOT_SCORES = ("value", "low", "high")


def collected(records: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
  """Family → its runs, a seed each, of records that have scores and target labels."""
  found: dict[str, list[dict[str, Any]]] = {}
  for made in records:
    family, scores = FAMILIES.get(made.get("suite", "")), made.get("expected")
    reached = (made.get("last") or {}).get("accuracy")
    if not (family and scores and reached):
      continue
    for i, seed in enumerate(made["config"]["seeds"]):
      own = {
        n: round(v[i], 5) for n, v in scores.items() if n not in _NOT_SCORES and v[i] is not None
      }
      if own and reached[i] is not None:
        about = {"suite": made["suite"], "task": made["task"], "label": made["label"], "seed": seed}
        about["steps"] = made["config"]["settings"]["steps"]
        about["target"] = made["config"]["target"]
        about["rows"] = int(np.sum(made["confusion"][i]))  # that the accuracy is of
        about |= {n: made["environment"][n] for n in ("commit", "dirty", "device")}
        run = {**about, "accuracy": round(reached[i], 5), "scores": own}
        found.setdefault(family, []).append(run)
  order = dict.fromkeys(f for f in FAMILIES.values() if f in found)
  return {
    f: sorted(found[f], key=lambda r: (r["suite"], r["task"], r["label"], r["seed"])) for f in order
  }


def train(family: str, of: argparse.Namespace) -> None:
  """Trains all pairs of a family by every method, and writes their records."""
  domains: dict[str, Domain] = {}
  pairs = []
  for source, target in advise.FAMILIES[family](of):
    domains |= {source.name: source, target.name: target}
    pairs.append(Task(f"{source.name}_{target.name}", (source.name,), target.name))
  ready = _alike(domains)
  settings = Settings(
    model="mlp", steps=500, batch_size=32, lr=0.03, weight_decay=0.001, evaluations=1
  )
  suite = Suite(f"advise_{family}", tuple(pairs), settings, "equal random parts of each domain")
  critic = {"dann": {"width": 64, "depth": 1}}
  for method in METHODS:
    made = [resolve(suite, task, method, given=critic.get(method, {})) for task in pairs]
    run_together(made, of.records, domains=ready.__getitem__)
    print(family, method, flush=True)


def _alike(domains: Mapping[str, Domain]) -> dict[str, Domain]:
  """The domains as standardised vectors, each with as many training and test rows, at random."""
  size = min(_MOST * 10 // 7, *(len(d.train.x) for d in domains.values()))
  rows = [
    np.random.default_rng(i).permutation(len(d.train.x))[:size]
    for i, d in enumerate(domains.values())
  ]
  inputs = [
    np.asarray(d.train.x[r], np.float32).reshape(size, -1)
    for d, r in zip(domains.values(), rows, strict=True)
  ]
  every = np.concatenate(inputs)
  spread = every.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  n = size * 7 // 10
  found = {}
  for (name, d), r, x in zip(domains.items(), rows, inputs, strict=True):
    assert d.train.y is not None
    z, y = (x - every.mean(axis=0)) / spread, d.train.y[r]
    found[name] = Domain(name, Split(z[:n], y[:n]), Split(z[n:], y[n:]), d.classes)
  return found


def main(argv: list[str] | None = None) -> int:
  """Writes what the records under a folder have."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("folder", type=Path)
  parser.add_argument("--family", nargs="+", default=[], choices=["surf", "speakers"])
  parser.add_argument("--from", dest="data", type=Path, default=Path())
  parser.add_argument("--data-dir")
  parser.add_argument("--out", type=Path, default=Path("results/advise_adapted.json"))
  of = parser.parse_args(argv)
  for family in of.family:
    train(family, argparse.Namespace(folder=of.data, data_dir=of.data_dir, records=of.folder))
  files = sorted(of.folder.glob("*/*/*.json"))
  runs = collected(json.loads(f.read_text("utf-8")) for f in files)
  if not runs:
    parser.error(f"{of.folder} has no record with scores: run the suites with --out {of.folder}")
  atomic_files.write_json(of.out, {"runs": runs})
  print({family: len(each) for family, each in runs.items()})
  return 0


if __name__ == "__main__":
  sys.exit(main())
