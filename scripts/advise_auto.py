"""What `--method auto` would have reached on the records, and what a fixed policy reaches."""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.experiments import auto

# Suites whose records have validators' scores of several of auto's methods on one task.
SUITES = {
  "digits": "digits",
  "pacs": "pacs",
  "reviews": "amazon_reviews",
  "heart": "heart",
  "speakers": "spoken_digits",
}
# The declared hyper-parameter of a suite is in a record's label.
_READ = ("target_only", "fine_tune", "weighted", "source_and_target", "mme")  # target labels
_VALIDATORS = (
  *("class_ami", "information_maximisation", "entropy", "bnm", "snd", "iwcv", "dev", "mmd"),
  *("class_silhouette", "mixval", "ema_agreement", "source_accuracy"),
)
_MARGINS, _GUARDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2), (0.02, 0.05, 0.1, 1.0)

Tried = dict[str, dict[str, Any]]  # records of a task by method, source_only first


class Rule(NamedTuple):
  """How a method is chosen: a validator, and how far it must beat source_only."""

  validator: str = auto.VALIDATOR
  margin: float = auto.MARGIN
  guard: float = auto.GUARD


SHIPPED = Rule()


def tasks(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Tried]]:
  """Family → tasks with records of source_only and of two or more methods that auto tries."""
  found: dict[str, dict[str, Tried]] = {family: {} for family in SUITES}
  of = {suite: family for family, suite in SUITES.items()}
  for made in records:
    family = of.get(made["suite"])
    plain = made["method"] not in _READ and "weight=0.0" not in made["label"]
    if family and plain and made.get("validators") and "lr=" not in made["label"]:
      found[family].setdefault(made["task"], {})[made["method"]] = dict(made)
  kept = {f: [t for t in each.values() if len(_list(t)) > 2] for f, each in found.items()}
  return {f: each for f, each in kept.items() if each}


def _list(tried: Tried) -> list[str]:
  """Methods that auto tries on the task and that have a record."""
  if auto.PLAIN not in tried:
    return []
  classes = len(tried[auto.PLAIN]["classes"])
  return [c.method for c in auto.candidates(classes) if c.method in tried]


def accuracy(made: Mapping[str, Any]) -> float:
  """Mean accuracy over seeds after the last step."""
  return float(np.mean([a for a in made["last"]["accuracy"] if a is not None]))


def gain(tried: Tried, method: str) -> float:
  """Points above source_only."""
  return 100 * (accuracy(tried[method]) - accuracy(tried[auto.PLAIN]))


def chosen(tried: Tried, rule: Rule = SHIPPED) -> str:
  """The method that the rule chooses from label-free scores."""
  every = _scored(tried, rule.validator)
  return auto.choose(every, margin=rule.margin, guard=rule.guard).label


def _scored(tried: Tried, validator: str) -> list[auto.Seen]:
  """What is seen of each method without a target label, scored by that validator."""
  every = []
  for method in _list(tried):
    seen = auto.seen(tried[method])
    ends = [own[-1] for own in tried[method]["validators"].get(validator) or [] if own]
    known = len(ends) == len(tried[method]["config"]["seeds"]) and None not in ends
    score = math.fsum(ends) / len(ends) if known and seen.source_accuracy is not None else None
    every.append(seen._replace(label=method, score=score))
  return every


def worths(each: Sequence[Tried]) -> dict[Rule, float]:
  """Mean gain over a family's tasks under every rule that may be fitted."""
  gains = [{method: gain(t, method) for method in _list(t)} for t in each]
  found = {}
  for validator in _VALIDATORS:
    scored = [_scored(t, validator) for t in each]
    for margin, guard in itertools.product(_MARGINS, _GUARDS):
      picks = [auto.choose(every, margin=margin, guard=guard).label for every in scored]
      of_each = [own[pick] for own, pick in zip(gains, picks, strict=True)]
      found[Rule(validator, margin, guard)] = float(np.mean(of_each))
  return found


def fitted(families: Sequence[Mapping[Rule, float]]) -> Rule:
  """The rule with the greatest gain on these families, each counted alike."""
  return max(families[0], key=lambda rule: np.mean([worth[rule] for worth in families]))


def _mean(each: Sequence[Tried], choice: Any) -> float:
  return float(np.mean([gain(t, choice(t)) for t in each]))


def usual_best(families: Mapping[str, Sequence[Tried]], among: Sequence[str]) -> str:
  """The method of those with the greatest mean gain over the families that have it."""

  def worth(method: str) -> float:
    each = [
      np.mean([gain(t, method) for t in f if method in t])
      for f in families.values()
      if any(method in t for t in f)
    ]
    return float(np.mean(each)) if each else -math.inf

  return max(among, key=worth)


def _always(method: str, tried: Tried) -> str:
  return method


def rows(records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
  """By family: mean points above source_only of each policy, and the regret of each."""
  families = tasks(records)
  found = []
  shared = [set.intersection(*(set(t) for t in each)) - {auto.PLAIN} for each in families.values()]
  hindsight = usual_best(families, sorted(set.intersection(*shared)))
  under = {family: worths(each) for family, each in families.items()}
  for family, each in families.items():
    others = {f: t for f, t in families.items() if f != family}
    rule = fitted([under[f] for f in others])
    common = [m for m in sorted(set.intersection(*(set(t) for t in each))) if m != auto.PLAIN]
    best = usual_best(others, common)
    policies: dict[str, Callable[[Tried], str]] = {
      "source_only": functools.partial(_always, auto.PLAIN),
      "best": functools.partial(_always, best),
      "hindsight": functools.partial(_always, hindsight),
      "auto": chosen,
      "fitted": functools.partial(chosen, rule=rule),
      "tried": lambda t: max(_list(t), key=functools.partial(gain, t)),
      "oracle": lambda t: max(t, key=functools.partial(gain, t)),
    }
    gains = {name: _mean(each, choice) for name, choice in policies.items()}
    worst = min(gain(t, chosen(t)) for t in each)
    found.append(
      {
        "family": family,
        "tasks": len(each),
        "best": best,
        "rule": rule,
        "gains": gains,
        "worst": worst,
      }
    )
  return found


_COLUMNS = {
  "source_only": "always `source_only`",
  "best": "always the best of the other families",
  "hindsight": "always the best of all, in hindsight",
  "auto": "`auto`",
  "fitted": "`auto`, its rule fitted to the other families",
  "tried": "best of what `auto` tries",
  "oracle": "oracle of all methods",
}


def section(records: Iterable[Mapping[str, Any]]) -> str:
  """The page's part: gains, then regrets, by family and as their mean."""
  found = rows(records)
  lines = [
    "## Method auto",
    "",
    f"Rule as shipped: greatest `{auto.VALIDATOR}`, {auto.MARGIN:g} or more above `source_only`, with no "
    f"more than {auto.GUARD:g} of held-out source accuracy lost; from the validators' scores in the "
    "records. The list of methods was chosen with digits, pacs and reviews in sight, the rule by all "
    "families; the column fitted to other families chooses validator, margin and guard anew without the "
    "family, from the same list. Mean points of target accuracy above `source_only`:",
    "",
    "| family | tasks | " + " | ".join(_COLUMNS.values()) + " | worst task of `auto` |",
    "| :-- | --: |" + " --: |" * (len(_COLUMNS) + 1),
  ]
  for r in found:
    cells = " | ".join(f"{r['gains'][n]:+.1f}" for n in _COLUMNS)
    lines.append(f"| {r['family']} | {r['tasks']} | {cells} | {r['worst']:+.1f} |")
  mean = {n: np.mean([r["gains"][n] for r in found]) for n in _COLUMNS}
  cells = " | ".join(f"{v:+.1f}" for v in mean.values())
  lines += [
    f"| mean | {sum(r['tasks'] for r in found)} | {cells} | |",
    "",
    "Mean regret against the oracle, points:",
    "",
  ]
  lines += [f"- {_COLUMNS[n]}: {mean['oracle'] - mean[n]:.1f}" for n in _COLUMNS if n != "oracle"]
  lines += ["", "Best of the other families, and rule fitted to them:", ""]
  for r in found:
    rule = r["rule"]
    lines.append(
      f"- {r['family']}: `{r['best']}`; `{rule.validator}`, margin {rule.margin:g}, guard {rule.guard:g}"
    )
  return "\n".join([*lines, ""])
