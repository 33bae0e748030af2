"""Pooled sources, all or some by their rank, for results/advise.md.

python -m benchmarks.advise_sources --from FOLDER [--data-dir FOLDER] [--out results/advise_sources.json]

For every target of results/advise.json with three sources or more, the accuracy of logistic models of
several choices of sources, and of networks of all sources, pooled or kept apart, and of the better half.
Ranks are by weights of other families. Target labels are read for the accuracy alone. FOLDER has the sets
that no builder prepares, as in `benchmarks.advise`.
"""

import argparse
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import adapt
from adapt.data import atomic_files
from adapt.data.domain import Domain
from benchmarks import advise

sys.path.append(str(Path(__file__).parents[1] / "scripts"))
import advise_fit

from adapt.experiments import pair_scores

FAMILIES = ("heart", "speakers", "bearings", "surf", "reviews_400")  # vectors of one length
_MOST = 1000  # rows of a domain

Rows = tuple[np.ndarray, np.ndarray]  # inputs [n, d] and labels [n]


def choices(sources: Sequence[Rows], target: Rows) -> dict[str, float]:
  """Target accuracy of each choice of sources.

  Args:
    sources: the best first.
    target: for the accuracy.
  """
  n = len(sources)
  half = (n + 1) // 2
  rng = np.random.default_rng(0)
  drawn = [rng.permutation(n)[:half] for _ in range(3)]
  singles = [_accuracy([s], target) for s in sources]
  return {
    "all": _accuracy(sources, target),
    "half": _accuracy(sources[:half], target),
    "all_but_last": _accuracy(sources[:-1], target),
    "weighted": _accuracy(sources, target, [1 / (1 + k) for k in range(n)]),
    "first": singles[0],
    "random_half": float(np.mean([_accuracy([sources[i] for i in d], target) for d in drawn])),
    "oracle_single": max(singles),
  }


def networks(sources: Sequence[Rows], target: Rows, **settings: Any) -> dict[str, float]:
  """Target accuracy of networks, with the defaults for one's own vectors, one seed.

  Args:
    sources: the best first.
    target: its inputs are the unlabelled ones; its labels are for the accuracy.
    settings: of training, in place of the defaults.
  """
  named = {f"source{i}": rows for i, rows in enumerate(sources)}
  half = {name: named[name] for name in list(named)[: (len(named) + 1) // 2]}
  asked = {
    "source_only": ("source_only", named),
    "source_only_half": ("source_only", half),
    "dann": ("dann", named),
    "mdan": ("mdan", named),
    "m3sda": ("m3sda", named),
  }
  found = {}
  for name, (method, given) in asked.items():
    fitted = adapt.fit(method, source=given, target=target, transductive=True, **settings)
    assert fitted.accuracy is not None  # as the target has labels
    found[name] = fitted.accuracy.mean
  return found


def _accuracy(
  sources: Sequence[Rows], target: Rows, weights: Sequence[float] | None = None
) -> float:
  from sklearn.linear_model import LogisticRegression
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import StandardScaler

  x, y = (np.concatenate(parts) for parts in zip(*sources, strict=True))
  given = [1.0] * len(sources) if weights is None else weights
  each = np.concatenate([np.full(len(ys), w) for (_, ys), w in zip(sources, given, strict=True)])
  model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
  model.fit(x, y, logisticregression__sample_weight=each)
  return float(model.score(*target))


def _rows(domains: Mapping[str, Domain]) -> dict[str, Rows]:
  found = {}
  for i, (name, domain) in enumerate(domains.items()):
    rows = np.random.default_rng(i).permutation(len(domain.train.x))[:_MOST]
    assert domain.train.y is not None
    x = np.asarray(domain.train.x[rows], np.float64)
    found[name] = x.reshape(len(rows), -1), domain.train.y[rows]
  return found


def main(argv: list[str] | None = None) -> int:
  """Computes all targets and writes them."""
  parser = argparse.ArgumentParser(description=__doc__)
  parser.add_argument("--from", dest="folder", type=Path, required=True)
  parser.add_argument("--data-dir")
  parser.add_argument("--out", type=Path, default=Path("results/advise_sources.json"))
  of = parser.parse_args(argv)
  pairs = advise_fit.read(Path("results"))
  every = advise_fit.targets(pairs)
  ranks = advise_fit.ranks_left_out(pairs, pair_scores.RANKED)
  made, here = [], advise.origin()
  with threadpool_limits(1), warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a model that is nearly fitted serves as well here
    for family in FAMILIES:
      domains = {d.name: d for pair in advise.FAMILIES[family](of) for d in pair}
      rows = _rows(domains)
      for group, own in zip(every, ranks, strict=True):
        if group[0]["family"] != family:
          continue
        order = [group[i]["source"] for i in np.argsort(own, kind="stable")]
        target = group[0]["target"]
        found = choices([rows[n] for n in order], rows[target])
        shown = {n: round(v, 4) for n, v in found.items()}
        trained = networks([rows[n] for n in order], rows[target])
        nets = {n: round(v, 4) for n, v in trained.items()}
        one = {"family": family, "target": target, "sources": order}
        made.append({**one, "accuracy": shown, "networks": nets})
        print(family, target, shown, nets, flush=True)
  atomic_files.write_json(of.out, {"targets": made, "origin": here})
  return 0


if __name__ == "__main__":
  sys.exit(main())
