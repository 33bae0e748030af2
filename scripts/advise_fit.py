"""Fits what `adapt advise` and `adapt run` expect accuracies and ranks from."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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


def _with_family(file: Path, name: str) -> list[Pair]:
  made = json.loads(file.read_text("utf-8"))[name]
  return [{**p, "family": f} for f, each in made.items() for p in each]


def table(pairs: Sequence[Pair], runs: Sequence[Pair]) -> str:
  """The text of adapt/experiments/stacked_table.py, which all pairs and runs fit."""
  lines = [
    '"""What an accuracy is expected from; made by scripts/make_tables.py.',
    "",
    "Fitted to results/advise.json (STACKED, logistic models) and results/advise_adapted.json (ADAPTED,",
    "networks). RANKING orders sources.",
    '"""',
    "",
    "from adapt.evaluation.ranking import Ranking",
    "from adapt.evaluation.stacked import Stacked",
  ]
  ranked = ranking_of(pairs)
  ranked = ranked._replace(weights=tuple(round(w, 5) for w in ranked.weights))
  for variable, made in (
    ("STACKED", fitted(pairs)),
    ("ADAPTED", fitted(runs, OF_ONE)),
    ("RANKING", ranked),
  ):
    lines += ["", f"{variable} = {type(made).__name__}("]
    for name, value in made._asdict().items():
      if isinstance(value, tuple):
        each = ", ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in value)
        lines.append(f"  {name}=({each}{',' * (len(value) == 1)}),")
      else:
        lines.append(f'  {name}="{value}",' if isinstance(value, str) else f"  {name}={value},")
    lines.append(")")
  return "\n".join([*lines, ""])


def fitted(pairs: Sequence[Pair], form: Form = OF_SEVERAL) -> stacked.Stacked:
  """The stacked model of these pairs, its numbers rounded as they are written."""
  scores, y = [p["scores"] for p in pairs], np.array([p["accuracy"] for p in pairs])
  made = stacked.fit(*form, scores, y, [p["family"] for p in pairs])
  names = ("means", "spreads", "slopes")
  rounded: dict[str, Any] = {n: tuple(round(v, 5) for v in getattr(made, n)) for n in names}
  return made._replace(**rounded, reach=round(made.reach, 5))


def left_out(pairs: Sequence[Pair], form: Form = OF_SEVERAL) -> list[stacked.Interval]:
  """Each pair's expected accuracy by the model of all other families."""
  models: dict[str, stacked.Stacked] = {}
  for family in dict.fromkeys(p["family"] for p in pairs):
    models[family] = fitted([p for p in pairs if p["family"] != family], form)
  found = []
  for p in pairs:
    one = stacked.expected(models[p["family"]], p["scores"])
    assert one is not None
    found.append(one)
  return found


def targets(pairs: Sequence[Pair], least: int = 3) -> list[list[Pair]]:
  """Pairs by target, of targets with that many sources."""
  every = sorted({(p["family"], p["target"]) for p in pairs})
  groups = [[p for p in pairs if (p["family"], p["target"]) == t] for t in every]
  return [g for g in groups if len(g) >= least]


def ranking_of(pairs: Sequence[Pair], names: Sequence[str] = pair_scores.RANKED) -> ranking.Ranking:
  """The ranking of sources that these pairs fit."""
  lower = [n for n in names if n in pair_scores.LOWER]
  return ranking.fit(
    names,
    lower,
    [
      ranking.Target(g[0]["family"], [p["scores"] for p in g], [p["accuracy"] for p in g])
      for g in targets(pairs)
    ],
  )


def ranks_left_out(pairs: Sequence[Pair], names: Sequence[str]) -> list[list[float]]:
  """Rank of every source of `targets(pairs)`, 1 is best, with the target's family left out."""
  models = {
    f: ranking_of([p for p in pairs if p["family"] != f], names)
    for f in {p["family"] for p in pairs}
  }
  every = [
    (g[0]["family"], [{n: p["scores"].get(n, np.nan) for n in names} for p in g])
    for g in targets(pairs)
  ]
  return [ranking.ranks(models[f], scores) or [0.0] * len(scores) for f, scores in every]
