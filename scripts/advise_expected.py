"""How well accuracies are foreseen, for results/advise.md."""

from collections.abc import Sequence

import advise_reach
import numpy as np
from advise_fit import OF_ONE, OF_SEVERAL, Form, Pair, left_out, made_at

from adapt.experiments import pair_scores


def section(pairs: Sequence[Pair]) -> str:
  """The page's part on logistic models of a source."""
  told = (
    "Mean absolute error in points of the logistic model's expected accuracy; stacked ones with families "
    "left out. The aim is 4 points and a coverage of 85 to 95 %. It is missed: confidence says too much "
    "where classes look alike in the target, and transport errs where class shares differ. `cot_agreement` "
    "is `cot` times the share of target examples on which cross-fitted models agree. It is the best of "
    "thousands of forms that were tried on all families but the reviews and pacs, and its error there is "
    "too good by as much; the reviews and pacs had no part in the choice."
  )
  return "\n".join(
    ["## Expected accuracy", "", told, "", *_table(pairs, OF_SEVERAL, pair_scores.ACCURACY)]
  )


def adapted(runs: Sequence[Pair]) -> str:
  """The page's part on networks that `adapt run` trains."""
  every = sorted({r["label"] for r in runs})
  names = ("source_accuracy", "average_confidence", "doc", "atc", "cot")
  told = (
    f"{len(runs)} runs of {', '.join(f'`{n}`' for n in every)} from "
    f"[advise_adapted.json](advise_adapted.json), made by `python -m benchmarks.advise_adapted` "
    f"{made_at(runs)}. A record has this estimate as `expected`, and `adapt run` prints it: transport "
    "alone, as every correction that was tried hurt families left out. Mean absolute error in points, "
    "families left out:"
  )
  by_label = [
    f"| {label} | {sum(r['label'] == label for r in runs)} | {error:.1f} |"
    for label, error in _errors_by(runs, every)
  ]
  head = ["| method | runs | error of the estimate |", "| :-- | --: | --: |"]
  parts = ["## Expected accuracy of networks", "", told, "", *_table(runs, OF_ONE, names)]
  return "\n".join([*parts, *head, *by_label, ""])


def _errors_by(runs: Sequence[Pair], labels: Sequence[str]) -> list[tuple[str, float]]:
  off = [
    100 * abs(s.value - r["accuracy"]) for s, r in zip(left_out(runs, OF_ONE), runs, strict=True)
  ]
  return [
    (n, float(np.mean([o for o, r in zip(off, runs, strict=True) if r["label"] == n])))
    for n in labels
  ]


def _table(pairs: Sequence[Pair], form: Form, names: Sequence[str]) -> list[str]:
  """Errors of every estimate by family, and what the intervals cover."""
  truth, of = (np.array([p[k] for p in pairs]) for k in ("accuracy", "family"))
  families = list(dict.fromkeys(of.tolist()))
  found = left_out(pairs, form)
  told = {"stacked": np.array([s.value for s in found])}
  told |= {n: np.array([p["scores"].get(n, np.nan) for p in pairs]) for n in names}
  lines = [
    "| estimate | all | mean of families | " + " | ".join(families) + " |",
    "| :-- | --: | --: |" + " --: |" * len(families),
  ]
  for name, value in told.items():
    off = 100 * abs(value - truth)
    each = [np.nanmean(off[of == f]) for f in families]
    cells = " | ".join(f"{e:.1f}" for e in each)
    lines.append(f"| {name} | {np.nanmean(off):.1f} | {np.mean(each):.1f} | {cells} |")
  return [*lines, "", *advise_reach.section(pairs, form, names)]
