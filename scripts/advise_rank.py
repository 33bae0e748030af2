"""How well scores rank the sources of a target, for results/advise.md."""

from collections.abc import Sequence

import numpy as np
from advise_fit import Pair, first_places, ranking_of, ranks_left_out, targets
from scipy.stats import kendalltau

from adapt.evaluation import ranking
from adapt.experiments import pair_scores


def section(pairs: Sequence[Pair]) -> str:
  """The page's part: mean Kendall's τ over targets with three sources or more."""
  groups = targets(pairs)
  shipped, every = (
    [[-r for r in own] for own in ranks_left_out(pairs, names)]
    for names in (pair_scores.RANKED, pair_scores.NAMES)
  )
  rows = {"combined, families left out": shipped, "all scores combined, families left out": every}
  for n in pair_scores.NAMES:
    sign = -1 if n in pair_scores.LOWER else 1
    rows[n] = [[sign * p["scores"].get(n, np.nan) for p in g] for g in groups]
  weights = ranking_of(pairs)
  listed = ", ".join(f"`{n}` {w:.2f}" for n, w in zip(weights.names, weights.weights, strict=True))
  families = list(dict.fromkeys(g[0]["family"] for g in groups))
  return "\n".join(
    [
      "## Ranking of sources",
      "",
      f"{len(groups)} targets with three sources or more: mean Kendall's τ of the sources with the "
      "logistic model's accuracy, and how often the source ranked first is the best. The aim is 0.6. "
      f"`adapt advise` ranks by the weighted mean of two ranks ({listed}); these were chosen with the "
      "pairs in sight, their weights by other families than the target's. So was that proxy A-distances are "
      f"rounded to {pair_scores.STEPS['proxy_a_distance']:g}, less than which is chance in some hundred "
      f"rows: τ is {_rounded(pairs, 0.0)} without, {_rounded(pairs, 0.02)} with 0.02 and "
      f"{_rounded(pairs, 0.2)} with 0.2. With all scores combined nothing was chosen.",
      "",
      "| rank by | τ | first is best | " + " | ".join(families) + " |",
      "| :-- | --: | --: |" + " --: |" * len(families),
      *(f"| {name} | {_row(found, groups, families)} |" for name, found in rows.items()),
      "",
      *_sure(pairs),
    ]
  )


def _rounded(pairs: Sequence[Pair], step: float) -> str:
  """Mean τ with proxy A-distances rounded to a step, families left out."""
  found = ranks_left_out(pairs, pair_scores.RANKED, {"proxy_a_distance": step})
  groups = targets(pairs)
  return _row([[-r for r in own] for own in found], groups, ()).split(" | ")[0]


def _sure(pairs: Sequence[Pair]) -> list[str]:
  """How far the first place can be trusted, which `adapt advise` says."""
  groups, found = targets(pairs), ranks_left_out(pairs, pair_scores.RANKED)
  true = [[p["accuracy"] for p in g] for g in groups]
  of = np.array([g[0]["family"] for g in groups])
  inside = 0
  for i, own in enumerate(found):
    others = np.flatnonzero(of != of[i])
    most = ranking.loss([found[k] for k in others], [true[k] for k in others])
    inside += max(true[i]) - true[i][int(np.argmin(own))] <= most
  n = first_places(pairs)
  return [
    f"The source ranked first is the best for {n.best} of {n.targets} targets. It is at most "
    f"{100 * n.loss:.0f} points worse than the best nine times in ten (conformal prediction); `adapt advise` "
    f"says both. The bound of other families holds for {inside} of {n.targets} targets.",
    "",
  ]


def _row(
  found: Sequence[Sequence[float]], groups: Sequence[Sequence[Pair]], families: Sequence[str]
) -> str:
  """τ, how often the first is the best, and τ by family."""
  values = [np.nan_to_num(np.round(own, 9), nan=-np.inf) for own in found]
  true = [[p["accuracy"] for p in g] for g in groups]
  taus = np.array(
    [np.nan_to_num(kendalltau(a, b).statistic) for a, b in zip(values, true, strict=True)]
  )
  first = np.mean([np.argmax(a) == np.argmax(b) for a, b in zip(values, true, strict=True)])
  of = np.array([g[0]["family"] for g in groups])
  each = " | ".join(f"{taus[of == f].mean():+.2f}" for f in families)
  return f"{taus.mean():+.2f} | {100 * first:.0f} % | {each}"
