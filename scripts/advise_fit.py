"""Fits what `adapt advise` and `adapt run` expect accuracies and ranks from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import advise_worth
import numpy as np

from adapt.evaluation import ranking, stacked
from adapt.experiments import pair_scores

Pair = dict[str, Any]
Form = tuple[str, tuple[str, ...]]  # the estimate, and what corrects it
OF_SEVERAL: Form = (pair_scores.BASE, pair_scores.STACKED)
OF_ONE: Form = (pair_scores.BASE_OF_ONE, pair_scores.STACKED_OF_ONE)


def read(folder: Path) -> list[Pair]:
  """All pairs with their family."""
  return _with_family(folder / "advise.json", "pairs")


def read_adapted(folder: Path) -> list[Pair]:
  """All runs of networks with their family."""
  return _with_family(folder / "advise_adapted.json", "runs")


class Known(NamedTuple):
  """What records say of a pair."""

  plain: float  # accuracy of source_only
  best: float  # of the best method without target labels
  gained: float  # points of the best of auto's methods above source_only, else of the best of all


def read_known(folder: Path, pairs: Sequence[Pair]) -> dict[int, Known]:
  """What records say, by the pair's number; pairs without a record of source_only are left out."""
  made = json.loads((folder / "advise_gains.json").read_text("utf-8"))["pairs"]
  gains = {(f, g["source"], g["target"]): g for f, each in made.items() for g in each}
  names = [(p["family"], p["source"], p["target"]) for p in pairs]
  found = {}
  for i, g in ((i, gains[n]) for i, n in enumerate(names) if n in gains):
    found[i] = Known(g["plain"], g["best"], 100 * (g["tried"] - g["plain"]))
  return found


def made_at(origins: Iterable[Mapping[str, Any]]) -> str:
  """Commits and devices of measurements, in words."""
  every = [
    (o["commit"][:10] + " with local changes" * bool(o["dirty"]), o["device"]) for o in origins
  ]
  commits, devices = (sorted(set(each)) for each in zip(*every, strict=True))
  return f"at commit {', '.join(commits)} on {'; '.join(devices)}"


def _with_family(file: Path, name: str) -> list[Pair]:
  made = json.loads(file.read_text("utf-8"))[name]
  return [{**p, "family": f} for f, each in made.items() for p in each]


def table(pairs: Sequence[Pair], runs: Sequence[Pair], known: Mapping[int, Known]) -> str:
  """The text of adapt/experiments/stacked_table.py, which all pairs, runs and records fit."""
  lines = [
    '"""What an accuracy is expected from; made by scripts/make_tables.py.',
    "",
    "Fitted to results/advise.json (STACKED, logistic models) and results/advise_adapted.json (ADAPTED,",
    "networks). RANKING orders sources; FIRST counts how often the one that it puts first is the best, by",
    "weights of other families. WORTH, of results/advise_gains.json, says whether adapting gains.",
    '"""',
    "",
    "from adapt.evaluation.ranking import FirstPlaces, Ranking",
    "from adapt.evaluation.stacked import Stacked",
    "from adapt.evaluation.worth import Worth",
  ]
  ranked = ranking_of(pairs)
  worth = advise_worth.fitted(pairs, {i: k.gained for i, k in known.items()}, left_out(pairs))
  for variable, made in (
    ("STACKED", fitted(pairs)),
    ("ADAPTED", fitted(runs, OF_ONE)),
    ("RANKING", ranked),
    ("FIRST", first_places(pairs)),
    ("WORTH", worth),
  ):
    lines += ["", f"{variable} = {type(made).__name__}("]
    for name, value in made._asdict().items():
      if isinstance(value, tuple):
        each = ", ".join(map(_shown, value))
        lines.append(f"  {name}=({each}{',' * (len(value) == 1)}),")
      else:
        lines.append(f"  {name}={_shown(value)},")
    lines.append(")")
  return "\n".join([*lines, ""])


def _shown(value: float | str) -> str:
  return f'"{value}"' if isinstance(value, str) else str(round(value, 5))


def fitted(pairs: Sequence[Pair], form: Form = OF_SEVERAL) -> stacked.Stacked:
  """The stacked model of these pairs, its numbers rounded as they are written."""
  scores, y = [p["scores"] for p in pairs], np.array([p["accuracy"] for p in pairs])
  made = stacked.fit(*form, scores, y, [p["family"] for p in pairs])
  names = ("means", "spreads", "slopes")
  rounded: dict[str, Any] = {n: tuple(round(v, 5) for v in getattr(made, n)) for n in names}
  return made._replace(**rounded, reach=round(made.reach, 5))


def left_out(
  pairs: Sequence[Pair],
  form: Form = OF_SEVERAL,
  scores: Sequence[Mapping[str, float]] | None = None,
) -> list[stacked.Interval]:
  """Each pair's expected accuracy by the model of all other families.

  Args:
    pairs: all of them.
    form: the estimate, and what corrects it.
    scores: others for the pair that is judged; None: its own.
  """
  models: dict[str, stacked.Stacked] = {}
  for family in dict.fromkeys(p["family"] for p in pairs):
    models[family] = fitted([p for p in pairs if p["family"] != family], form)
  found = []
  for p, own in zip(pairs, scores or [p["scores"] for p in pairs], strict=True):
    one = stacked.expected(models[p["family"]], own)
    assert one is not None
    found.append(one)
  return found


def targets(pairs: Sequence[Pair], least: int = 3) -> list[list[Pair]]:
  """Pairs by target, of targets with that many sources."""
  every = sorted({(p["family"], p["target"]) for p in pairs})
  groups = [[p for p in pairs if (p["family"], p["target"]) == t] for t in every]
  return [g for g in groups if len(g) >= least]


def ranking_of(
  pairs: Sequence[Pair],
  names: Sequence[str] = pair_scores.RANKED,
  steps: Mapping[str, float] = pair_scores.STEPS,
) -> ranking.Ranking:
  """The ranking of sources that these pairs fit."""
  lower = [n for n in names if n in pair_scores.LOWER]
  return ranking.fit(
    names,
    lower,
    [
      ranking.Target(g[0]["family"], [p["scores"] for p in g], [p["accuracy"] for p in g])
      for g in targets(pairs)
    ],
    [steps.get(n, 0.0) for n in names],
  )


def ranks_left_out(
  pairs: Sequence[Pair], names: Sequence[str], steps: Mapping[str, float] = pair_scores.STEPS
) -> list[list[float]]:
  """Rank of every source of `targets(pairs)`, 1 is best, with the target's family left out."""
  models = {
    f: ranking_of([p for p in pairs if p["family"] != f], names, steps)
    for f in {p["family"] for p in pairs}
  }
  every = [
    (g[0]["family"], [{n: p["scores"].get(n, np.nan) for n in names} for p in g])
    for g in targets(pairs)
  ]
  return [ranking.ranks(models[f], scores) or [0.0] * len(scores) for f, scores in every]


def first_places(pairs: Sequence[Pair]) -> ranking.FirstPlaces:
  """How often the source ranked first is the best, with the target's family left out."""
  accuracy = [[p["accuracy"] for p in g] for g in targets(pairs)]
  return ranking.first_places(ranks_left_out(pairs, pair_scores.RANKED), accuracy)
