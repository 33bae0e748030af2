"""TrAdaBoost: boosting that forgets misleading source examples (Dai, Yang, Xue & Yu, ICML 2007)."""

from collections.abc import Callable

import numpy as np

from adapt.shallow import machines
from adapt.shallow.maps import double

_LEAST, _MOST = (
  1e-6,
  0.499,
)  # error of a round: none has no weight, and half or more has none to give


def tradaboost(
  xs: np.ndarray,
  ys: np.ndarray,
  xl: np.ndarray,
  yl: np.ndarray,
  *,
  seed: int = 0,
  rounds: int = 20,
) -> Callable[[np.ndarray], np.ndarray]:
  """Boosted linear SVMs: source mistakes lose weight, labelled target mistakes gain it.

  Algorithm 1. All weights start at 1. In each round a machine is trained on the normalised weights, ε
  is its weighted error on the labelled target examples, β_t = ε / (1 − ε), and
  β = 1 / (1 + √(2 ln n / rounds)): a wrong source example's weight is multiplied by β, a wrong target
  example's by 1 / β_t. The machines of the second half of the rounds vote with ln 1 / β_t, for two
  classes the paper's rule.

  Where the first machine makes no mistake no weight moves, and this is `source_and_target`: linear SVMs
  in many dimensions tell few examples apart.

  Departs from the paper where it says nothing: more than two classes, by the same vote; ε is kept
  within 10⁻⁶ and 0.499, where the paper asks for less than a half and no more; C is the best of
  two-fold cross-validation on all labelled examples, unweighted.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xl: labelled target inputs [m, d].
    yl: their labels [m].
    seed: of the folds.
    rounds: of boosting (the paper's N).

  Returns:
    Target inputs [b, d] → classes [b].

  Raises:
    ValueError: fewer than one round.
  """
  if rounds < 1:
    raise ValueError(f"rounds is {rounds}: choose at least 1")
  n, x, y = len(xs), double(np.concatenate([xs, xl])), np.concatenate([ys, yl])
  gram = x @ x.T
  c = machines.chosen(gram, y, seed)
  w, shrink = np.ones(len(x)), 1 / (1 + np.sqrt(2 * np.log(n) / rounds))
  voters = []  # (machine, ln 1 / β_t)
  for _ in range(rounds):
    made = machines.machine(gram, y, c, w * len(w) / w.sum())
    wrong = made.predict(gram) != y
    error = np.clip(w[n:] @ wrong[n:] / w[n:].sum(), _LEAST, _MOST)
    strength = np.log((1 - error) / error)
    voters.append((made, strength))
    w[:n] *= shrink ** wrong[:n]
    w[n:] *= np.exp(strength * wrong[n:])
  voters = voters[-(-rounds // 2) - 1 :]  # t = ⌈N/2⌉ … N, counted from 1

  def predict(new: np.ndarray) -> np.ndarray:
    said = double(new) @ x.T
    classes = np.unique(y)
    votes = sum(s * (made.predict(said)[:, None] == classes) for made, s in voters)
    return np.asarray(classes[np.argmax(votes, axis=1)])

  return predict
