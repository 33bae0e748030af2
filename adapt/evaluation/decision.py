"""The probability above which the second of two classes is predicted."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

from adapt.data.domain import Domain, output_of
from adapt.evaluation.class_measures import thresholds

ARGMAX = "argmax"
CHOSEN = ("balanced", "f1")  # rules that choose on held-out source examples
_REACH = 20.0  # of log-odds, beyond which a probability rounds
_DECIMALS = 6  # of log-odds: between scores that round to one there is no cut


def check(rule: str) -> None:
  """Raises ValueError for what is no rule and no probability."""
  if rule in (ARGMAX, *CHOSEN):
    return
  try:
    number = float(rule)
  except ValueError:
    number = math.nan
  if not 0 < number < 1:
    raise ValueError(
      f"--decision {rule}: give argmax, balanced, f1, or a probability between 0 and 1"
    )


def check_domains(rule: str, sources: Sequence[Domain], unknown: bool) -> None:
  """Refuses a threshold without two classes, or none to choose by.

  Raises:
    ValueError: one line with the remedy.
  """
  if rule == ARGMAX:
    return
  kind, count = output_of(sources[0]), max(len(d.classes) for d in sources)
  if kind != "classes" or count != 2 or unknown:
    there = f"{count}{', and unknown ones' * unknown}" if kind == "classes" else kind
    raise ValueError(f"--decision {rule} is for two classes, and there are {there}: leave it out")
  held = np.concatenate([np.asarray(d.test.y) for d in sources])
  if rule in CHOSEN and len(np.unique(held)) < 2:
    raise ValueError(
      f"--decision {rule} is chosen on held-out source examples, and all {len(held)} are of one class: "
      "give a number, such as 0.3"
    )


def threshold(rule: str, logits: Float[np.ndarray, "n 2"], labels: Int[np.ndarray, " n"]) -> float:
  """The probability of a rule, chosen on these examples.

  Args:
    rule: balanced (the best balanced accuracy), f1 (the best F1 of the second class), or a number.
    logits: of held-out source examples, finite. A cut lies in the middle between two neighbouring scores;
      of equally good cuts the one nearest to a half counts.
    labels: their classes, both of which occur.
  """
  if rule not in CHOSEN:
    return float(rule)
  z = np.asarray(logits, np.float64)
  score, positive = np.round(z[:, 1] - z[:, 0], _DECIMALS), labels == 1
  true, false = (np.append(0.0, v) for v in thresholds(score, positive, np.ones(len(score))))
  levels = np.unique(score)[::-1]
  cuts = np.concatenate([[levels[0] + 1], (levels[:-1] + levels[1:]) / 2, [levels[-1] - 1]])
  if rule == "balanced":
    worth = (true / true[-1] + 1 - false / false[-1]) / 2
  else:
    worth = 2 * true / (true + false + true[-1])
  best = cuts[worth >= worth.max() - 1e-12]
  cut = float(np.clip(best[np.abs(best).argmin()], -_REACH, _REACH))
  return 1 / (1 + math.exp(-cut))


def moved(logits: Float[np.ndarray, "... 2"], at: float | None) -> Float[np.ndarray, "... 2"]:
  """Logits whose argmax is the decision at that probability.

  None leaves them as they are.
  """
  if at is None:
    return logits
  return np.asarray(logits, np.float64) + np.array([math.log(at / (1 - at)), 0.0])


def confusion(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, " n"]) -> np.ndarray:
  """Counts [k, k] of true by predicted class.

  Examples with the label -1 are left out.
  """
  k, known = logits.shape[1], labels >= 0
  pairs = labels[known] * k + logits[known].argmax(axis=1)
  return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.float64)
