"""How well accuracies could be foreseen if more were known, and where they are not, for results/advise.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from advise_fit import Form, Pair, left_out

_ROWS = 2000  # of a target that `benchmarks.advise` looks at
_APART = 0.1  # total variation between class shares, from which on they differ
_AIM = 4.0  # points of mean absolute error
_SHARES = "the target's class shares"
_LINE = "in hindsight, the best line through the family"


def section(pairs: Sequence[Pair], form: Form, names: Sequence[str]) -> list[str]:
  """Intervals by family, then errors by what is known of a family.

  Args:
    pairs: or runs of networks.
    form: of the estimate.
    names: of the single estimates.
  """
  truth, of = (np.array([p[k] for p in pairs]) for k in ("accuracy", "family"))
  found = left_out(pairs, form)
  value = np.array([s.value for s in found])
  families = list(dict.fromkeys(of.tolist()))
  groups = {"all": np.ones(len(of), bool), **{f: of == f for f in families}}
  inside = np.array([s.low <= t <= s.high for s, t in zip(found, truth, strict=True)])
  width = np.array([s.high - s.low for s in found])
  every = [100 * inside[of == f].mean() for f in families]
  return [
    f"The stacked 90 % intervals cover {100 * inside.mean():.0f} % of all and {np.mean(every):.0f} % as a "
    "mean of families. By family, with how far the estimate is too high (+) or too low (−) on average:",
    "",
    "| | " + " | ".join(groups) + " |",
    "| :-- |" + " --: |" * len(groups),
    _line("covered, %", groups, 100 * inside, "{:.0f}"),
    _line("width, points", groups, 100 * width, "{:.0f}"),
    _line("too high or too low, points", groups, 100 * (value - truth), "{:+.1f}"),
    "",
    *_reached(pairs, form, names, value, groups),
  ]


def _reached(
  pairs: Sequence[Pair],
  form: Form,
  names: Sequence[str],
  value: np.ndarray,
  groups: Mapping[str, np.ndarray],
) -> list[str]:
  truth = np.array([p["accuracy"] for p in pairs])
  plain = 100 * abs(value - truth)
  rows = {"nothing: as shipped": plain}
  if all("known" in p for p in pairs):
    rows[_SHARES] = 100 * abs(_of_known_shares(pairs, form) - truth)
  rows |= {
    "accuracies of the family's other targets": 100 * abs(_with_others(pairs, value) - truth),
    "in hindsight, which single estimate is best": _best_single(pairs, names, groups),
    _LINE: _line_error(value, truth, groups),
  }
  sizes = np.array([min(p["rows"][1], _ROWS) if "known" in p else p["rows"] for p in pairs])
  rows["the accuracy itself, but for the chance of its rows"] = 100 * np.sqrt(
    2 / np.pi * truth * (1 - truth) / sizes
  )
  told = [
    "What could be reached: mean absolute error in points, by what would have to be known of the family. "
    "Hindsight reads the very accuracies that are judged, so it is a bound and no estimate. The last row is "
    "the error that is left, at most, where an accuracy is counted on so few rows.",
    "",
    "| known | " + " | ".join(groups) + " |",
    "| :-- |" + " --: |" * len(groups),
    *(_line(name, groups, off, "{:.1f}") for name, off in rows.items()),
    "",
  ]
  words = _words(rows, groups) + (_by_shares(pairs, plain) if _SHARES in rows else [])
  return [*told, " ".join(words), ""]


def _words(rows: Mapping[str, np.ndarray], groups: Mapping[str, np.ndarray]) -> list[str]:
  """What the table shows: whether the aim is in reach, and where the estimate fails."""
  line, plain = float(rows[_LINE].mean()), next(iter(rows.values()))
  worst = max((g for g in groups if g != "all"), key=lambda g: plain[groups[g]].mean())
  there = groups[worst]
  told = [f"Even the best line through each family's own accuracies is off by {line:.1f} points"]
  told[0] += f": a correction of this kind cannot reach {_AIM:g}." if line > _AIM else "."
  told.append(f"The estimate fails most on {worst}, by {plain[there].mean():.1f} points")
  if _SHARES in rows:
    told[1] += (
      f"; the target's class shares, if known, would leave {rows[_SHARES][there].mean():.1f}"
    )
  return [told[0], told[1] + "."]


def _of_known_shares(pairs: Sequence[Pair], form: Form) -> np.ndarray:
  """The estimates, with transport to the target's own class shares."""
  changed = []
  for p in pairs:
    cot = p["known"]["cot"]
    scores = {**p["scores"], "cot": cot, "cot_agreement": cot * p["scores"]["agreement"]}
    changed.append(scores)
  return np.array([s.value for s in left_out(pairs, form, changed)])


def _with_others(pairs: Sequence[Pair], value: np.ndarray) -> np.ndarray:
  """The estimates less their mean error on the family's other targets."""
  truth, of, target = (np.array([p[k] for p in pairs]) for k in ("accuracy", "family", "target"))
  found = value.copy()
  for i in range(len(pairs)):
    others = (of == of[i]) & (target != target[i])
    if others.any():
      found[i] += (truth - value)[others].mean()
  return np.clip(found, 0, 1)


def _best_single(
  pairs: Sequence[Pair], names: Sequence[str], groups: Mapping[str, np.ndarray]
) -> np.ndarray:
  """Errors of each family's best estimate."""
  truth = np.array([p["accuracy"] for p in pairs])
  off = np.array([[p["scores"].get(n, np.nan) for n in names] for p in pairs]) - truth[:, None]
  best = np.empty(len(pairs))
  for name, own in groups.items():
    if name != "all":
      column = np.nanmean(abs(off[own]), axis=0).argmin()
      best[own] = 100 * abs(off[own, column])
  return best


def _line_error(
  value: np.ndarray, truth: np.ndarray, groups: Mapping[str, np.ndarray]
) -> np.ndarray:
  """Errors of the line with the least mean absolute error, which goes through two of the points."""
  off = np.empty(len(value))
  for name, own in groups.items():
    if name == "all":
      continue
    x, y = value[own], truth[own]
    i, j = np.triu_indices(len(x), 1)
    i, j = i[x[i] != x[j]], j[x[i] != x[j]]
    slopes = (y[j] - y[i]) / (x[j] - x[i])
    each = abs(y[i, None] + slopes[:, None] * (x - x[i, None]) - y)  # [lines, pairs]
    off[own] = 100 * each[each.mean(axis=1).argmin()]
  return off


def _by_shares(pairs: Sequence[Pair], off: np.ndarray) -> list[str]:
  """Errors where class shares differ, and where they do not."""
  apart = np.array([p["known"]["share_distance"] for p in pairs]) >= _APART
  each = [
    f"{off[on].mean():.1f} points in the {on.sum()} pairs {where}"
    for on, where in (
      (~apart, f"whose class shares are less than {_APART:g} apart"),
      (apart, "whose shares are farther apart"),
    )
    if on.any()
  ]
  return [f"The error is {', and '.join(each)} (total variation, by target labels)."]


def _line(name: str, groups: Mapping[str, Any], values: np.ndarray, form: str) -> str:
  return (
    f"| {name} | " + " | ".join(form.format(values[on].mean()) for on in groups.values()) + " |"
  )
