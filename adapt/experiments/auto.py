"""Method `auto`: tries a few methods and chooses one without target labels.

What decides are two label-free scores of each record, at the last evaluation: `class_ami` of the target
and the accuracy on held-out source examples. No function that chooses is given an accuracy on the
target. Rule and list were chosen on the records under results/; results/advise.md says what they are
worth on families of data that had no say.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.data import atomic_files
from adapt.data.domain import Domain, output_of
from adapt.records import record

NAME = "auto"
PLAIN = "source_only"
VALIDATOR = "class_ami"
MARGIN = 0.05  # of the validator, by which a method must beat source_only
GUARD = 1.0  # of held-out source accuracy, that a method may lose; 1: all of it
FEW_CLASSES = 3

Record = dict[str, Any]


class Candidate(NamedTuple):
  """A method to try, and why."""

  method: str
  reason: str


class Seen(NamedTuple):
  """Label-free means over seeds of a tried method; None: one is lost."""

  label: str
  score: float | None  # of VALIDATOR
  source_accuracy: float | None


_OF_FEW = (
  Candidate("dann", "an adversary aligns the features of both, whatever their classes"),
  Candidate("dan", "kernels align the features of both, without an adversary"),
  Candidate("atdoc", "pseudo-labels by neighbours, which few classes do not collapse"),
)
_OF_MANY = (
  Candidate("dann", "an adversary aligns the features of both"),
  Candidate("mcc", "less confusion between classes, which needs more than three of them"),
  Candidate("afn", "greater feature norms, which need no adversary"),
)


def candidates(classes: int, relation: str = "closed") -> tuple[Candidate, ...]:
  """The methods to try on a task, source_only first.

  Args:
    classes: of the sources.
    relation: of source and target classes.

  Raises:
    ValueError: source and target have different classes, or there is one class alone.
  """
  if relation != "closed":
    raise ValueError(
      f"--method {NAME} is for source and target of the same classes: name methods for {relation} sets"
    )
  if classes < 2:
    raise ValueError(f"--method {NAME} needs labels of two classes or more: there is {classes}")
  plain = Candidate(PLAIN, "what every gain is measured by")
  return plain, *(_OF_FEW if classes <= FEW_CLASSES else _OF_MANY)


def of_domains(sources: Sequence[Domain], relation: str = "closed") -> tuple[Candidate, ...]:
  """The methods to try, by how many classes the sources have.

  Raises:
    ValueError: other than classes are predicted, or as `candidates`.
  """
  if others := [output_of(d) for d in sources if output_of(d) != "classes"]:
    raise ValueError(f"--method {NAME} is for classes: name methods that predict {others[0]}")
  known = [np.unique(d.train.y) for d in sources if d.train.y is not None]
  return candidates(len(np.unique(np.concatenate(known))) if known else 0, relation)


def seen(tried: Record) -> Seen:
  """A record's final label-free scores, without its target accuracy."""
  scores = {n: _last(tried, n) for n in (VALIDATOR, "source_accuracy")}
  return Seen(tried["label"], scores[VALIDATOR], scores["source_accuracy"])


def _last(tried: Record, validator: str) -> float | None:
  each = (tried.get("validators") or {}).get(validator) or []
  ends = [own[-1] for own in each if own]
  lost = tried.get("diverged") or len(ends) < len(tried["config"]["seeds"])
  if lost or any(e is None or not math.isfinite(e) for e in ends):
    return None
  return math.fsum(ends) / len(ends)


def choose(tried: Sequence[Seen], *, margin: float = MARGIN, guard: float = GUARD) -> Seen:
  """The best-scored method, or source_only where none shows a gain.

  A method shows a gain that scores more than `margin` above source_only and has lost no more than
  `guard` of its accuracy on held-out source examples.

  Args:
    tried: source_only first.
    margin: of the validator.
    guard: of the accuracy.
  """
  plain, *others = tried
  best, most = plain, -math.inf if plain.score is None else plain.score + margin
  for one in others:
    if one.score is None or one.score <= most:
      continue
    kept = plain.source_accuracy is None or one.source_accuracy is None
    if kept or one.source_accuracy >= plain.source_accuracy - guard:  # type: ignore[operator]
      best, most = one, one.score
  return best


def summary(
  records: Sequence[Record], reasons: Mapping[str, str], left_out: Sequence[str] = ()
) -> Record:
  """The record of `auto`: what was tried, chosen and lost.

  Target accuracies of the tried are in it for reporting, where there are target labels.

  Args:
    records: of the tried methods, source_only first.
    reasons: why each was tried, by method.
    left_out: methods that the budget did not allow.
  """
  every = [seen(r) for r in records]
  chosen = choose(every)
  reached = {r["label"]: _accuracy(r) for r in records}
  known = [a for a in reached.values() if a is not None]
  own, plain = reached[chosen.label], reached[records[0]["label"]]
  told = {
    "validator": VALIDATOR,
    "margin": MARGIN,
    "guard": GUARD,
    "tried": [
      {**one._asdict(), "reason": reasons[r["method"]], "accuracy": reached[one.label]}
      for one, r in zip(every, records, strict=True)
    ],
    "left_out": list(left_out),
    "chosen": chosen.label,
    # Points of target accuracy, against source_only and the best that was tried.
    "gain": None if own is None or plain is None else 100 * (own - plain),
    "regret": None if own is None else 100 * (max(known) - own),
  }
  base = next(r for r in records if r["label"] == chosen.label)
  return {**base, "label": NAME, "auto": told}


def _accuracy(made: Record) -> float | None:
  each = [a for a in (made.get("last") or {}).get("accuracy") or () if a is not None]
  return math.fsum(each) / len(each) if each else None


def write(made: Record, out: str | Path) -> None:
  """Writes the record of `auto` beside those of the tried methods."""
  file = record.path(out, made["suite"], made["task"], NAME)
  atomic_files.write_json(file, made)


def lines(made: Record) -> list[str]:
  """What was tried, chosen and lost, in words."""
  told = made["auto"]
  listed = ", ".join(f"{t['label']} {_shown(t['score'])}" for t in told["tried"])
  chosen = told["chosen"]
  plain = told["tried"][0]["label"]
  why = "the best score" if chosen != plain else f"none is {told['margin']:g} better without harm"
  found = [f"{NAME} on {made['task']}: chose {chosen} ({why}) by {told['validator']}: {listed}"]
  if told["left_out"]:
    found.append(f"{NAME} on {made['task']}: the budget left out {', '.join(told['left_out'])}")
  if told["regret"] is not None:
    found.append(
      f"{NAME} on {made['task']}: {told['gain']:+.1f} points against {plain}, {told['regret']:.1f} below "
      "the best of the tried on target labels, which did not choose"
    )
  return found


def _shown(score: float | None) -> str:
  return "diverged" if score is None else f"{score:.3f}"
