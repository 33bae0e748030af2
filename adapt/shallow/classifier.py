"""Classifies shallow features by a support vector machine or 1-NN.

The source chooses the machine's C.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adapt import catalogue
from adapt.shallow import machines
from adapt.shallow.easytl import easytl
from adapt.shallow.feda import feda, source_and_target
from adapt.shallow.jdot import jdot
from adapt.shallow.maps import Maps, nearest
from adapt.shallow.meda import meda
from adapt.shallow.tradaboost import tradaboost

# linear, rbf: on mapped features. similarity: what released code of alignment papers does, an SVM
# whose "kernel" is the inner product of a mapped source example with one mapped as the target's are,
# x Ms Mtᵀ yᵀ: neither symmetric nor positive in general. nn: one nearest neighbour, Euclidean.
KINDS = ("linear", "rbf", "similarity", "nn")
# (arrays, hyper-parameters) -> function of target inputs to classes or values.
Fitting = Callable[..., Callable[[np.ndarray], np.ndarray]]
# What adapts by itself: NAME(xs, ys, xt, *, hyper-parameters) -> function of target inputs to classes.
ADAPTIVE: dict[str, Fitting] = {f.__name__: f for f in (easytl, meda, jdot)}
# What also needs labelled target examples: NAME(xs, ys, xl, yl, *, seed, hyper-parameters) -> the same.
LABELLED: dict[str, Fitting] = {f.__name__: f for f in (feda, source_and_target, tradaboost)}
CHOSEN = {"C": list(machines.CHOICES), "folds": 2}  # what the source chooses, of all but these:
UNCHOSEN = ("nn", *ADAPTIVE)
_ROWS = 1000  # of a block of target examples


class Machine(NamedTuple):
  """A fitted classifier, or a regressor."""

  predict: Callable[
    [np.ndarray], np.ndarray
  ]  # target inputs [m, d] → classes [m], or values [m, c]
  c: float | None  # the C (λ of a regressor) chosen; None without one


def fit(
  kind: str,
  maps: Maps,
  xs: np.ndarray,
  ys: np.ndarray,
  seed: int,
  weights: np.ndarray | None = None,
) -> Machine:
  """Fits a classifier on mapped source examples, to predict mapped target ones.

  C is the first of `CHOICES` with the best accuracy in two-fold cross-validation on the source: no
  target label is asked.

  Args:
    kind: one of `KINDS`.
    maps: of a transform.
    xs: source inputs [n, d].
    ys: source labels [n].
    seed: of the folds.
    weights: of the source examples [n], factors of C; nearest neighbours take none.

  Raises:
    ValueError: an unknown kind, weights for nearest neighbours, or a class with one example.
  """
  if kind not in KINDS:
    raise ValueError(f"unknown classifier '{kind}': choose from {', '.join(KINDS)}")
  source = maps.source(xs)
  if kind == "nn":
    if weights is not None:
      raise ValueError("nearest neighbours take no weights: choose another classifier")
    return Machine(lambda x: nearest(source, ys, maps.target(x)), None)
  gram = _inner(kind, maps.target(xs) if kind == "similarity" else source, source).T
  c = machines.chosen(gram, ys, seed, weights)
  machine = machines.machine(gram, ys, c, weights)

  def predict(x: np.ndarray) -> np.ndarray:
    starts = range(0, len(x), _ROWS)
    blocks = [_inner(kind, maps.target(x[i : i + _ROWS]), source) for i in starts]
    return np.concatenate([machine.predict(block) for block in blocks])

  return Machine(predict, c)


def adapted(
  name: str,
  maps: Maps,
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  given: Mapping[str, Any],
  known: Mapping[str, Fitting] = ADAPTIVE,
) -> Machine:
  """Fits a self-adapting classifier on mapped examples of both domains.

  Args:
    name: one of those known.
    maps: of a transform.
    xs: source inputs [n, d].
    ys: source labels [n], of values [n, c].
    xt: target inputs [m, d].
    given: hyper-parameters that are not its defaults.
    known: what fits, by name.

  Raises:
    ValueError: an unknown name.
  """
  if name not in known:
    raise ValueError(catalogue.unknown("classifier", name, (*KINDS, *ADAPTIVE, *LABELLED)))
  predict = known[name](maps.source(xs), ys, maps.target(xt), **given)
  return Machine(lambda x: predict(maps.target(x)), None)


def _inner(kind: str, x: np.ndarray, source: np.ndarray) -> np.ndarray:
  """[m, n] of mapped examples x [m, k] and mapped source examples [n, k]."""
  if kind != "rbf":
    return np.asarray(x @ source.T)
  from sklearn.metrics.pairwise import rbf_kernel

  # A γ of one over the number of features is libsvm's own default.
  return np.asarray(rbf_kernel(x, source))


def labelled(
  name: str,
  maps: Maps,
  source: tuple[np.ndarray, np.ndarray],
  target: tuple[np.ndarray, np.ndarray],
  seed: int,
  given: Mapping[str, Any],
  known: Mapping[str, Fitting] = LABELLED,
) -> Machine:
  """A classifier of labelled examples of both domains, fitted on mapped ones.

  Args:
    name: one of those known.
    maps: of a transform.
    source: inputs [n, d] and labels [n], of values [n, c].
    target: labelled inputs [m, d] and their labels.
    seed: of the folds.
    given: hyper-parameters that are not its defaults.
    known: what fits, by name.
  """
  mapped = maps.source(source[0]), source[1], maps.target(target[0]), target[1]
  predict = known[name](*mapped, seed=seed, **given)
  return Machine(lambda x: predict(maps.target(x)), None)
