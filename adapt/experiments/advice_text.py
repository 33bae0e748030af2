"""Advice in at most eight plain sentences."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which imports this
  from adapt.experiments.advice import Advice, SourceAdvice

FEW = 50  # target rows below which nothing is reliable
MANY_FAR = 0.15  # share of a target far from the source, from which on it is told; 0.05 is usual
FAR = 1.0  # proxy A-distance at which a linear model tells three of four examples apart
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
    _stacked(nearest, found.target),
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
  listed = ", ".join(f"{name} {a:.0%} → {b:.0%}" for name, a, b in most)
  equal = shares.p_value
  if not source.shifted or equal is None:
    return (
      f"Class shares differ from {source.name}: {listed}; --weights bbse or mlls corrects for it."
    )
  if shares.explain:
    return (
      f"Other class shares than in {source.name} explain the shift: {listed} (p = {equal:.2g} once "
      "they are equal); --weights bbse or mlls corrects for it."
    )
  return (
    f"More than class shares has changed from {source.name}: with those estimated ({listed}) the "
    f"inputs still differ (p = {equal:.2g}), so do not rely on them."
  )


def _novelty(source: "SourceAdvice", target: str) -> str:
  if source.far < MANY_FAR:
    return ""
  return (
    f"{source.far:.0%} of {target} lie farther from {source.name} than 95 % of its own rows: classes that "
    "it does not have, or inputs that have moved as a whole."
  )


def _ranking(sources: Sequence["SourceAdvice"]) -> str:
  if len(sources) == 1:
    return "One source: nothing to rank."
  order = ", ".join(f"{s.name} ({s.mean_rank:.1f})" for s in sources)
  return f"Nearest source first, by mean rank: {order}."


def _accuracy(nearest: "SourceAdvice", target: str) -> str:
  of = nearest.expected
  if of is None:
    return ""
  if not nearest.informative:
    return (
      f"A logistic model of {nearest.name} is right in {of.source_accuracy:.1%} of held-out source "
      f"rows, no better than its most frequent class ({nearest.majority:.1%}): what it reaches in "
      f"{target} cannot be told."
    )
  estimates = sorted((of.atc, of.doc, of.average_confidence))
  hedge = ", if its confidence means the same there"
  if nearest.proxy_a_distance > FAR:
    hedge = (
      f"; with inputs this far apart (proxy A-distance {nearest.proxy_a_distance:.1f} of 2) a guess"
    )
  return (
    f"A logistic model of {nearest.name}, right in {of.source_accuracy:.1%} of held-out source rows, "
    f"can be expected to be right in {estimates[0]:.0%} to {estimates[-1]:.0%} of {target} without "
    f"adaptation{hedge}."
  )


def _stacked(nearest: "SourceAdvice", target: str) -> str:
  of = nearest.stacked
  if of is None or not nearest.informative:
    return ""
  from adapt.experiments.stacked_table import STACKED

  told = f"{STACKED.pairs} pairs of {STACKED.groups} families of data"
  return (
    f"By optimal transport of its confidence, corrected as {told} have shown: {of.value:.0%}, 90 % between "
    f"{of.low:.0%} and {of.high:.0%} if {target} is like those."
  )


def _methods(found: "Advice") -> str:
  if not found.methods or not found.sources[0].shifted:  # of the nearest: it can be taken alone
    return ""
  plain, *others = found.methods
  listed = "; ".join(f"{c.method} ({c.reason})" for c in others)
  shares = (found.pooled or found.sources[0]).shares
  warned = ""
  if shares is not None and shares.explain:
    warned = (
      " Methods that align inputs, like dann and dan, are known to hurt where class shares differ."
    )
  return f"To adapt, try beside {plain.method}: {listed}; --method auto does, and chooses.{warned}"
