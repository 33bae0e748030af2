"""Two-stage TrAdaBoost.R2: boosting for values over both domains (Pardoe & Stone, ICML 2010)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from adapt.shallow.maps import double

_HALVINGS = 60  # of the interval in which ln 1 / β is searched: as far as doubles go
_MOST = 1e6  # beyond it only examples without an error keep a weight


def tradaboost_r2(
  xs: np.ndarray,
  ys: np.ndarray,
  xl: np.ndarray,
  yl: np.ndarray,
  *,
  seed: int = 0,
  steps: int = 10,
  rounds: int = 10,
  folds: int = 5,
  depth: int = 4,
) -> Callable[[np.ndarray], np.ndarray]:
  """Boosted trees on both domains, the source's weight chosen by validation.

  Their two-stage algorithm. All weights start at 1 / (n + m). At step t a tree h is trained on the weights,
  and a source example's weight is multiplied by β^e, e = |y − h(x)| over the largest such; β is what gives
  the target the share m / (n + m) + t / (steps − 1) · (1 − m / (n + m)). At each step AdaBoost.R2 (Drucker,
  ICML 1997), which moves the target's weights alone, is judged by cross-validation on the labelled target
  examples; that of the step with the least squared error is the model. It predicts the weighted median of
  its trees.

  Where re-implementations go wrong: β is searched for, not computed from the tree's error, which is
  TrAdaBoost.R2 of one stage; and in the second stage the source's weights stay, so that the target's are
  brought back to their sum after each round, or the source's share would change with them.

  No authors' code is known. Departs in the base learner, scikit-learn's trees, which take weights instead of
  resampled examples, so that a seed decides folds and ties alone; in smaller numbers; and a first round
  whose error is a half or more is kept, as else there is no model.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n] or [n, 1].
    xl: labelled target inputs [m, d].
    yl: their labels.
    seed: of the folds, and of ties in trees.
    steps: of the first stage (the paper's S); 1: AdaBoost.R2 on equal weights.
    rounds: trees of the second stage, at most (its N).
    folds: of the cross-validation (its F), at most one a labelled example.
    depth: of a tree.

  Returns:
    Target inputs [b, d] → values [b, 1].

  Raises:
    ValueError: a setting out of range, several labels an example, or fewer than two labelled ones.
  """
  if min(steps, rounds, depth) < 1 or folds < 2:
    raise ValueError(
      f"steps {steps}, rounds {rounds}, depth {depth}, folds {folds}: choose at least 1, and 2 folds"
    )
  if (most := max(y[:1].size for y in (ys, yl))) > 1:
    raise ValueError(f"tradaboost_r2 learns one label, and each example has {most}")
  if len(xl) < 2:
    raise ValueError(f"tradaboost_r2 has {len(xl)} labelled target examples: give at least 2")
  n, m = len(xs), len(xl)
  x, y = double(np.concatenate([xs, xl])), double(np.concatenate([ys.ravel(), yl.ravel()]))
  grow = _grower(depth, seed)
  held = np.array_split(n + np.random.default_rng(seed).permutation(m), min(folds, m))
  w, best = np.full(n + m, 1 / (n + m)), (np.inf, np.empty(0))
  for t in range(1, steps + 1):
    error = _validated(grow, x, y, w, n, rounds, held)
    if error < best[0]:
      best = error, w
    if t < steps:
      share = m / (n + m) + t / (steps - 1) * (1 - m / (n + m))
      w = _shifted(w, _errors(grow(x, y, w), x, y, w), n, share)
  voters = boosted(grow, x, y, best[1], n, rounds)
  return lambda new: median(voters, double(new))[:, None]


Grow = Callable[[np.ndarray, np.ndarray, np.ndarray], Any]
Voters = list[tuple[Any, float]]  # trees with ln 1 / β


def _grower(depth: int, seed: int) -> Grow:
  from sklearn.tree import DecisionTreeRegressor

  return lambda x, y, w: DecisionTreeRegressor(max_depth=depth, random_state=seed).fit(
    x, y, sample_weight=w
  )


def boosted(grow: Grow, x: np.ndarray, y: np.ndarray, w: np.ndarray, n: int, rounds: int) -> Voters:
  """AdaBoost.R2 on n source examples, whose weights stay, and the target's."""
  voters: Voters = []
  w = w / w.sum()
  target = w[n:].sum()
  for _ in range(rounds):
    made = grow(x, y, w)
    apart = _errors(made, x, y, w)
    if not apart[w > 0].any():
      return [(made, 1.0)]  # nothing is left to mend
    error = float(w @ apart)
    if error >= 0.5:
      return voters or [(made, 1.0)]
    beta = error / (1 - error)
    voters.append((made, float(np.log(1 / beta))))
    own = w[n:] * beta ** (1 - apart[n:])
    w = np.concatenate([w[:n], own * target / own.sum()])
  return voters


def _errors(made: Any, x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
  """Absolute errors [n + m] over the largest of those that have a weight."""
  apart = np.abs(y - made.predict(x))
  most = apart[w > 0].max()
  return np.asarray(apart / most if most else 0 * apart)


def median(voters: Voters, x: np.ndarray) -> np.ndarray:
  """The weighted median [b] of the trees' predictions."""
  said = np.stack([made.predict(x) for made, _ in voters])  # [trees, b]
  order = said.argsort(axis=0, kind="stable")
  reached = np.cumsum(np.array([weight for _, weight in voters])[order], axis=0)
  first = (reached >= reached[-1] / 2).argmax(axis=0)
  columns = np.arange(said.shape[1])
  return np.asarray(said[order[first, columns], columns])


def _validated(
  grow: Grow, x: np.ndarray, y: np.ndarray, w: np.ndarray, n: int, rounds: int, held: Any
) -> float:
  """Mean squared error on labelled target examples, each left out of the training that judges it."""
  total = 0.0
  for rows in held:
    rest = np.setdiff1d(np.arange(len(x)), rows)
    voters = boosted(grow, x[rest], y[rest], w[rest], n, rounds)
    total += float(((median(voters, x[rows]) - y[rows]) ** 2).sum())
  return total / sum(map(len, held))


def _shifted(w: np.ndarray, apart: np.ndarray, n: int, share: float) -> np.ndarray:
  """Weights whose target share is as asked, by β^apart on the source's."""
  target = w[n:].sum()

  def of(power: float) -> np.ndarray:  # ln 1 / β: β itself may be smaller than doubles are
    return np.asarray(w[:n] * np.exp(-power * apart[:n]))

  low, high = 0.0, _MOST
  for _ in range(_HALVINGS):
    middle = (low + high) / 2
    # The smaller β, the less weight the source has, and the more the target.
    low, high = (low, middle) if target / (target + of(middle).sum()) > share else (middle, high)
  made = np.concatenate([of(high), w[n:]])
  return np.asarray(made / made.sum())
