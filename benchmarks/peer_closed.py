"""Cases of the benchmark of peers in closed form: weightings and shallow alignment, by arrays.

Each side is a process that imports, then does everything once on few examples, as what is imported
late would count otherwise, then by the clock. Settings are ours' defaults where a peer has them:

- KMM's kernel, bound and slack; one programme of all examples (ADAPT's default would be two blocks).
- KLIEP's and uLSIF's widths and ridges to choose from, centres and folds. uLSIF chooses by its own rule.
- CORAL's ridge of 1 in ADAPT; skada shrinks the covariance instead, by a rule of its own.
- SA and TCA have 20 components. TCA's kernel has in skada and ADAPT the width 1 / features.
- OTDA is POT's on either side, with the same entropy. GFK has no peer.
"""

import functools
import importlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import machine, peer_process
from benchmarks.contender import ROOT, Failed

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # xs, ys, xt, yt
Does = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]  # of xs, ys and xt
OURS, FEW = "ours", 200
WIDTHS, RIDGES = np.geomspace(0.02, 20, 10), np.geomspace(1e-3, 10, 9)  # as adapt/weights has them
CLASSES, COMPONENTS = 5, 20


class Case(NamedTuple):
  """What is done, to how much, and by whom."""

  what: str
  examples: int  # of each domain
  features: int
  names: tuple[str, ...]
  sides: Mapping[str, tuple[str, ...]]  # what each peer can do of it
  reached: str  # what shows that sides did the same: share or accuracy


CASES = {
  "weightings": Case(
    "weightings of 2,000 source examples by 2,000 target examples, 20 features",
    2000,
    20,
    ("kmm", "kliep", "ulsif"),
    {"ADAPT": ("kmm", "kliep", "ulsif")},
    "share",
  ),
  "shallow": Case(
    "shallow alignment of 1,000 + 1,000 examples, 50 features, both mapped; accuracy: of the nearest "
    "mapped source example",
    1000,
    50,
    ("coral", "sa", "tca", "otda", "gfk"),
    {"skada": ("coral", "sa", "tca", "otda"), "ADAPT": ("coral", "sa", "tca")},
    "accuracy",
  ),
}
# Environment, what is imported, and the distributions whose versions are told.
PEERS = {
  "skada": ("torch", "skada", ("skada", "POT")),
  "ADAPT": ("tensorflow", "adapt.feature_based", ("adapt", "cvxopt")),
}


def data(examples: int, features: int) -> Data:
  """Classes around means of their own; the target's are moved, and spread otherwise."""
  rng = np.random.default_rng(0)
  means = 0.4 * rng.normal(size=(CLASSES, features))
  y = np.arange(examples) % CLASSES
  xs = means[y] + rng.normal(size=(examples, features))
  xt = 0.95 * (means[y] + rng.normal(size=(examples, features))) + 0.15
  return xs, y, xt, y


def _gammas(xs: np.ndarray, xt: np.ndarray, widths: np.ndarray) -> list[float]:
  """scikit-learn's γ of widths relative to the median squared distance of all examples."""
  x = np.concatenate([xs, xt])
  lengths = (x**2).sum(1)
  squared = lengths[:, None] + lengths - 2 * x @ x.T
  return [float(g) for g in 1 / (widths * np.median(squared[np.triu_indices(len(x), 1)]))]


def ours(case: str, name: str) -> Does:
  """What our package does."""
  if case == "weightings":
    from adapt import weights

    return weights.get(name)
  from adapt.shallow import transforms

  more = {"dim": COMPONENTS} if name in ("sa", "tca", "gfk") else {}

  def both(xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    maps = transforms.fitted(name, xs, ys, xt, **more)
    return maps.source(xs), maps.target(xt)

  return both


def skada(case: str, name: str) -> Does:
  """What skada's adapters do."""
  import skada as library

  adapter = {
    "coral": lambda: library.CORALAdapter(),
    "sa": lambda: library.SubspaceAlignmentAdapter(n_components=COMPONENTS),
    "tca": lambda: library.TransferComponentAnalysisAdapter(n_components=COMPONENTS),
    "otda": lambda: library.EntropicOTMappingAdapter(reg_e=0.1, norm="max"),
  }[name]

  def both(xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    domain = np.repeat([1, -2], [len(xs), len(xt)])
    y = np.concatenate([ys, np.full(len(xt), -1)])
    x = adapter().fit_transform(np.concatenate([xs, xt]), y, sample_domain=domain)
    return x[: len(xs)], x[len(xs) :]

  return both


def toolbox(case: str, name: str) -> Does:
  """What ADAPT's classes do."""
  if case == "weightings":
    return _toolbox_weights(name)
  from adapt import feature_based

  def both(xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kind = getattr(feature_based, {"coral": "CORAL", "sa": "SA", "tca": "TCA"}[name])
    more = {"lambda_": 1.0} if name == "coral" else {"n_components": COMPONENTS}
    model = kind(verbose=0, random_state=0, **more)
    mapped = model.fit_transform(xs, xt)
    return mapped, model.transform(xt, domain="tgt")

  return both


def _toolbox_weights(name: str) -> Does:
  from adapt import instance_based

  def weights(xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> Any:
    widths = np.ones(1) if name == "kmm" else WIDTHS
    gammas: Any = _gammas(xs, xt, widths)
    more: dict[str, Any] = {"gamma": gammas}
    if name == "kmm":
      more = {"gamma": gammas[0], "B": 10, "eps": 0.1, "max_size": len(xs)}
    if name == "ulsif":
      more |= {"lambdas": list(RIDGES)}
    kind = {"kmm": "KMM", "kliep": "KLIEP", "ulsif": "ULSIF"}[name]
    model = getattr(instance_based, kind)(verbose=0, random_state=0, **more)
    return np.asarray(model.fit_weights(xs, xt), float).ravel()

  return weights


SIDES = {OURS: ours, "skada": skada, "ADAPT": toolbox}


def reached(case: str, made: Any, ys: np.ndarray, yt: np.ndarray) -> float:
  """The effective share of examples under weights; of mapped ones the nearest source's accuracy."""
  if case == "weightings":
    w = np.asarray(made, float)
    return float(w.sum() ** 2 / len(w) / (w @ w))
  source, target = (np.asarray(x, float) for x in made)
  squared = (source**2).sum(1) - 2 * target @ source.T
  return float(np.mean(ys[squared.argmin(1)] == yt))


def timed(do: Does, *inputs: np.ndarray) -> tuple[Any, float]:
  """What is made, and the median seconds; what takes less than a second is done several times."""
  taken: list[float] = []
  while not taken or (sum(taken) < 1 and len(taken) < 50):
    began = time.perf_counter()
    made = do(*inputs)
    taken.append(time.perf_counter() - began)
  return made, statistics.median(taken)


def process(case: str, side: str, names: list[str]) -> None:
  """A side's process: a line when all is imported, and one for each thing done."""
  there, peer = CASES[case], PEERS.get(side)
  if peer:
    importlib.import_module(peer[1])
  xs, ys, xt, yt = data(there.examples, there.features)
  does = {name: SIDES[side](case, name) for name in names}
  versions = {name: metadata.version(name) for name in (peer[2] if peer else ())}
  print(json.dumps({"versions": versions}), flush=True)
  for name, do in does.items():
    do(xs[:FEW], ys[:FEW], xt[:FEW])
    made, seconds = timed(do, xs, ys, xt)
    said = {"name": name, "seconds": seconds, "reached": reached(case, made, ys, yt)}
    print(json.dumps(said), flush=True)


def measured(case: str, environments: Path, rounds: int, limit: float) -> dict[str, Any]:
  """Lets the sides take turns; what is recorded of it.

  Args:
    case: of CASES.
    environments: of the peers.
    rounds: clean ones that are wanted.
    limit: cores that others may keep busy in a clean round.
  """
  there = CASES[case]
  reached: dict[str, float] = {}
  versions: dict[str, Any] = {}
  with tempfile.TemporaryDirectory() as place:
    peer_process.isolated(Path(place))
    sides, failed = _there(case, environments, Path(place))

    def take(i: int) -> tuple[dict[str, float], list[float | None]]:
      seconds: dict[str, float] = {}
      others = []
      for side in list(sides) if i % 2 == 0 else list(sides)[::-1]:
        made = sides[side]()
        others.append(made.foreign)
        (_, about), *rest = made.said
        versions[side] = about["versions"]
        seconds |= {f"{said['name']}, {side}": said["seconds"] for _, said in rest}
        reached.update({f"{said['name']}, {side}": said["reached"] for _, said in rest})
      return seconds, others

    found = machine.rounds(take, rounds, limit)
  names = [f"{name}, {side}" for name in there.names for side in sides]
  entries: dict[str, Any] = {}
  for name in (n for n in names if n in reached):
    entries[name] = {
      "seconds": machine.spread([r[name] for r in found.kept]),
      "versions": versions[name.split(", ")[1]],
      there.reached: {"mean": reached[name], "std": None},
    }
  return {
    "what": there.what,
    "entries": entries,
    "ratios": _ratios(there, found.kept),
    "failed": failed,
    **found.facts(limit),
  }


def _there(
  case: str, environments: Path, folder: Path
) -> tuple[dict[str, Callable[[], peer_process.Watched]], dict[str, str]]:
  """What starts each side, and the peers that are not there; ours first."""
  there = CASES[case]
  failed: dict[str, str] = {}
  module = ["-m", "benchmarks.peer_closed", case]
  command = [sys.executable, *module, OURS, *there.names]
  sides: dict[str, Callable[[], peer_process.Watched]] = {
    OURS: functools.partial(peer_process.watched, command, os.environ, ROOT)
  }
  for side, names in there.sides.items():
    try:
      command = [peer_process.found(environments, PEERS[side][0]), *module, side, *names]
    except Failed as reason:
      failed[side] = str(reason)
      print(f"{side} is left out: {reason}", flush=True)
      continue
    variables = peer_process.peer_environment()
    sides[side] = functools.partial(peer_process.watched, command, variables, folder)
  return sides, failed


def _ratios(there: Case, kept: Sequence[Mapping[str, float]]) -> dict[str, Any]:
  """Of each thing a peer did, its seconds over ours, round by round."""
  pairs = [(name, side) for name in there.names for side in there.sides]
  return {
    f"{name}: {side} / {OURS}": machine.spread(
      [r[f"{name}, {side}"] / r[f"{name}, {OURS}"] for r in kept]
    )
    for name, side in pairs
    if kept and f"{name}, {side}" in kept[0]
  }


if __name__ == "__main__":
  process(sys.argv[1], sys.argv[2], sys.argv[3:])
