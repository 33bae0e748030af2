"""What methods gained in records on the pairs of results/advise.json, for results/advise.md.

python -m benchmarks.advise_gains [--from results] [--out results/advise_gains.json]

Collects the accuracy of `source_only`, of the best method without target labels, and of the best of those
that `--method auto` tries (of all, where none of them has a record). What `adapt advise` says of adapting
is fitted to it.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import atomic_files
from adapt.experiments import auto
from adapt.records import record

# The suite whose records stand for a family's pairs.
RECORDS = {
  "digits": "digits",
  "reviews_400": "amazon_400",
  "surf": "surf_full",
  "pacs": "pacs",
  "heart": "heart",
  "speakers": "spoken_digits",
}
_PREFIXES = {"heart": "heart_", "speakers": "spoken_"}  # of domains in records
_READ = ("target_only", "fine_tune", "weighted", "source_and_target", "mme", "svm", "svm_rbf", "nn")


def collected(
  pairs: Mapping[str, Sequence[Mapping[str, Any]]], records: Iterable[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
  """Family → its pairs with records of source_only and of another method.

  Args:
    pairs: those of results/advise.json, by family.
    records: all of them.
  """
  of: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
  for made in records:
    sources, target = made["config"]["source"], made["config"]["target"]
    if len(sources) == 1:
      of.setdefault((made["suite"], sources[0], target), []).append(made)
  found: dict[str, list[dict[str, Any]]] = {}
  for family, suite in RECORDS.items():
    prefix = _PREFIXES.get(family, "")
    for p in pairs.get(family, ()):
      own = gains(of.get((suite, prefix + p["source"], prefix + p["target"]), ()))
      if own:
        about = {"source": p["source"], "target": p["target"], "classes": p["classes"]}
        found.setdefault(family, []).append(about | own)
  return found


def gains(records: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
  """Accuracies of one pair's methods, or None."""
  kept = {_name(r): r for r in records if r["method"] not in _READ}
  kept = {n: r for n, r in kept.items() if n not in _READ and "weight=0.0" not in n}
  reached = {n: _accuracy(r) for n, r in kept.items()}
  if auto.PLAIN not in reached or len(reached) < 2:
    return None
  plain = reached.pop(auto.PLAIN)
  every = {c.method for classes in (2, 9) for c in auto.candidates(classes)}
  tried = {n: a for n, a in reached.items() if n in every}
  commits = {(r["environment"] or {}).get("commit") or "" for r in kept.values()}
  return {
    "plain": round(plain, 5),
    "best": round(max([plain, *reached.values()]), 5),
    "tried": round(max((tried or reached).values()), 5),
    "commits": sorted(c[:10] for c in commits if c),
  }


def _name(made: Mapping[str, Any]) -> str:
  """The label, but for a critic's size, which suites of small sets set."""
  return str(made["label"]).removesuffix("-depth=1-width=64")


def _accuracy(made: Mapping[str, Any]) -> float:
  """Mean over seeds after the last step."""
  return float(np.mean([a for a in made["last"]["accuracy"] if a is not None]))


def main(argv: Sequence[str] | None = None) -> int:
  """Writes what the records under a folder say of the pairs there."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument("--from", dest="folder", type=Path, default=Path("results"))
  parser.add_argument("--out", type=Path, default=Path("results/advise_gains.json"))
  of = parser.parse_args(argv)
  pairs = atomic_files.load_json((of.folder / "advise.json").read_text("utf-8"))["pairs"]
  found = collected(pairs, record.read_all(of.folder))
  atomic_files.write_json(of.out, {"pairs": found})
  print({family: len(each) for family, each in found.items()})
  return 0


if __name__ == "__main__":
  sys.exit(main())
