"""Advice in at most eight plain sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adapt.evaluation import worth
from adapt.experiments import stacked_table

if TYPE_CHECKING:  # which imports this
  from adapt.experiments.advice import Advice, SourceAdvice

FEW = 50  # target rows below which nothing is reliable
MOST_NEW = 0.5  # share of a target that is not covered, above which all of it has moved
FAR = 1.0  # proxy A-distance at which a linear model tells three of four examples apart
_CLOSE = 0.1  # mean rank behind the first, below which an order is of the scores' weights alone
_MOST_CLASSES = 4  # whose shares a sentence names, those that move most


def sentences(found: "Advice") -> tuple[str, ...]:
  """Sentences on size, shift, shares, novelty, ranking, accuracy and methods."""
  told = []
  if found.target_rows < FEW:
    told.append(
      f"{found.target} has {found.target_rows} rows, fewer than {FEW}: all below is a guess."
    )
  nearest = found.sources[0]
  all_in_one = found.pooled or nearest
  told += [
    _shift(found),
    _shares(all_in_one),
    _novelty(all_in_one, found.target),
    _ranking(found.sources),
    _accuracy(nearest, found.target),
    _methods(found),
  ]
  return tuple(line for line in told if line)


def _shift(found: "Advice") -> str:
  moved = [s for s in found.sources if s.shifted]
  still = [s for s in found.sources if not s.shifted]

  def listed(sources: Sequence["SourceAdvice"]) -> str:
    return ", ".join(f"{s.name} (p = {s.p_value:.3g})" for s in sources)

  if not moved:
    return f"No shift of the inputs is seen: {listed(still)}; source_only may do."
  if not still:
    return f"The inputs of {found.target} are shifted from those of {listed(moved)}."
  return (
    f"The inputs of {found.target} are shifted from those of {listed(moved)}; from "
    f"{listed(still)} no shift is seen."
  )


def _shares(source: "SourceAdvice") -> str:
  shares = source.shares
  if shares is None:
    [note] = source.notes
    return f"{note[0].upper()}{note[1:]}."
  if not shares.moved:
    told = f"No change of class shares against {source.name} is seen"
    return f"{told}, which with shifted inputs proves little." if source.shifted else f"{told}."
  each = zip(shares.classes, shares.source, shares.target, strict=True)
  most = sorted(each, key=lambda row: -abs(row[2] - row[1]))[:_MOST_CLASSES]
  listed = ", ".join(f"{name}: {a:.0%} → {b:.0%}" for name, a, b in most)
  equal = shares.p_value
  if not source.shifted or equal is None:
    return (
      f"Class shares differ from {source.name}: {listed}; --weights bbse or mlls corrects for it."
    )
  if source.explained:
    return (
      f"Other class shares than in {source.name} explain the shift: {listed} (p = {equal:.2g} once "
      "they are equal); --weights bbse or mlls corrects for it."
    )
  if shares.explain:
    return (
      f"More than class shares has changed from {source.name}: with those estimated ({listed}) the target "
      "still has rows where hardly any source rows are, so do not rely on them."
    )
  return (
    f"More than class shares has changed from {source.name}: with those estimated ({listed}) the "
    f"inputs still differ (p = {equal:.2g}), so do not rely on them."
  )


def _novelty(source: "SourceAdvice", target: str) -> str:
  if not source.uncovered.seen:
    return ""
  where = f"At least {source.uncovered.share:.0%} of {target} lie where hardly any source rows are"
  if source.uncovered.share > MOST_NEW:
    return f"{where}: the inputs have moved, and whether there are new classes cannot be told."
  return (
    f"{where}: classes that the source does not have, or inputs that have moved. An expected accuracy does "
    "not count new classes."
  )


def _ranking(sources: Sequence["SourceAdvice"]) -> str:
  if len(sources) == 1:
    return "One source: nothing to rank."
  order = ", ".join(f"{s.name} ({s.mean_rank:.1f})" for s in sources)
  least = sources[0].mean_rank or 0.0
  close = [s.name for s in sources if (s.mean_rank or 0.0) - least < _CLOSE]
  equal = ""
  if len(close) > 1:
    equal = f" The ranks of {', '.join(close[:-1])} and {close[-1]} hardly differ: their order says nothing."
  if any(s.h_score is None for s in sources):
    mute = ", ".join(s.name for s in sources if s.h_score is None)
    return (
      f"Nearest source first, by distances of the inputs alone, as {mute} has no model: {order}."
      + equal
    )
  told = f"Likeliest best source first, by mean rank of proxy A-distance and H-score: {order}."
  first, second = (s.name for s in sources[:2])
  if not sources[0].informative:
    return (
      f"{told} But the model of {first} is no better than its most frequent class, so that its H-score says "
      f"little: try {second} too."
    )
  n = stacked_table.FIRST
  return (
    f"{told}{equal} In records the first was the best for {n.best} of {n.targets} targets, and for nine in "
    f"ten at most {100 * n.loss:.0f} points worse than the best."
  )


def _accuracy(nearest: "SourceAdvice", target: str) -> str:
  of, total = nearest.expected, nearest.stacked
  if of is None:
    return ""
  if not nearest.informative:
    return (
      f"A logistic model of {nearest.name} is right in {of.source_accuracy:.1%} of held-out source "
      f"rows, no better than its most frequent class ({nearest.majority:.1%}): what it reaches in "
      f"{target} cannot be told."
    )
  told = f"A logistic model of {nearest.name}, right in {of.source_accuracy:.1%} of held-out source rows,"
  estimates = sorted((of.atc, of.doc, of.average_confidence))
  alone = f"its confidence alone says {estimates[0]:.0%} to {estimates[-1]:.0%}"
  if nearest.proxy_a_distance > FAR:
    alone += (
      f", a guess with inputs this far apart (proxy A-distance {nearest.proxy_a_distance:.1f} of 2)"
    )
  if total is None:
    return f"{told} is not judged in {target}: {alone}."
  known = stacked_table.STACKED
  return (
    f"{told} is expected to be right in {total.value:.0%} of {target} without adaptation, with 90 % "
    f"confidence between {total.low:.0%} and {total.high:.0%}, if {target} is like the {known.pairs} pairs "
    f"of {known.groups} families of data that this is from; {alone}."
  )


def _methods(found: "Advice") -> str:
  if not found.methods or not found.sources[0].shifted:  # of the nearest: it can be taken alone
    return ""
  plain, *others = found.methods
  listed = "; ".join(f"{c.method} ({c.reason})" for c in others)
  warned = ""
  if (found.pooled or found.sources[0]).explained:
    warned = (
      " Methods that align inputs, like dann and dan, are known to hurt where class shares differ."
    )
  chance = found.sources[0].worth
  likely = ""
  if chance is not None:
    known = stacked_table.WORTH
    likely = (
      f" With a probability of {chance:.0%} the best of them gains more than {worth.GAIN:g} point, if this "
      f"pair is like the {known.pairs} of records, on {known.gained} of which it did."
    )
  return f"To adapt, try beside {plain.method}: {listed}; --method auto does, and chooses.{likely}{warned}"
