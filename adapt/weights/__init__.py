"""Example weightings by name: each file is one weighting.

A weighting decides how much each source example counts. A weighting is NAME(xs, ys, xt, *,
hyper-parameters) -> weights [n], float32, not negative, mean 1. It takes flattened inputs xs [n,
d], source labels ys [n] and target inputs xt [m, d], runs once on the host before training, gives
the same result every time, and never sees a target label. A file that needs more than the base
installation says so: NEEDS = ("sklearn", …). One that computes large sets otherwise than small ones
says how: FORM(source, target, arguments) -> a few words for the record. One that takes long says
where it is: `weights.at("block 3 of 40")`. One that reads no label serves values
(regression) too, and says so, OUTPUTS = ("classes", "values"): it then serves labels as well.
"""

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from adapt import catalogue, extras
from adapt.weights._stages import at, heard

__all__ = ["at", "bind", "effective_share", "form", "get", "heard", "names", "summary"]


def names() -> tuple[str, ...]:
  """Every weighting, sorted."""
  return catalogue.names(__name__)


def get(name: str) -> Callable[..., np.ndarray]:
  """The weighting of that name; ValueError for an unknown one.

  The message lists the names.
  """
  weighting: Callable[..., np.ndarray] = catalogue.get(__name__, name)
  for library in getattr(sys.modules[weighting.__module__], "NEEDS", ()):
    if importlib.util.find_spec(library) is None:
      raise ValueError(f"{name} needs {library}: {extras.install('weights')}")
  return weighting


def outputs(weighting: Callable[..., np.ndarray]) -> tuple[str, ...]:
  """The output kinds whose labels a weighting can be given."""
  found: tuple[str, ...] = getattr(sys.modules[weighting.__module__], "OUTPUTS", ("classes",))
  return (*found, "labels") if "values" in found and "labels" not in found else found


def outputs_of(name: str) -> tuple[str, ...]:
  """The output kinds of a named weighting, whose libraries may be absent."""
  return outputs(catalogue.get(__name__, name))


def effective_share(weights: np.ndarray) -> float:
  """Effective sample size over the number of examples (Kish, 1965).

  It is 1 where all count alike.
  """
  ws = np.asarray(weights, np.float64)
  squares = float((ws**2).sum())
  return float(ws.sum() ** 2 / (len(ws) * squares)) if squares else 0.0


def summary(weights: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
  """What a record keeps of the weights [n] of examples.

  The examples have these labels [n], or values [n, d] or labels [n, k].

  Returns:
    "effective_share", and of classes "weighted_shares" [k], the source's class shares as weighted: of
    a correction of label shift, these are the estimated priors of the target.
  """
  found: dict[str, Any] = {"effective_share": effective_share(weights)}
  if labels.ndim == 1 and labels.dtype.kind in "iu" and weights.sum() > 0:
    shares = np.bincount(labels, weights.astype(np.float64)) / weights.sum(dtype=np.float64)
    found["weighted_shares"] = shares.tolist()
  return found


def form(weighting: catalogue.Bound, source: int, target: int) -> str | None:
  """How a weighting computes that many examples, such as "exact".

  None where the weighting says nothing.
  """
  module = sys.modules.get(getattr(weighting.factory, "__module__", ""))
  declared: Callable[..., str] | None = getattr(module, "FORM", None)
  return declared(source, target, weighting.arguments) if declared else None


def bind(weighting: str | Callable[..., Any] | catalogue.Bound, **given: Any) -> catalogue.Bound:
  """A named weighting, or one's own factory, with given arguments set.

  Raises:
    ValueError: an unknown name, or an argument that it does not take.
  """
  if isinstance(weighting, catalogue.Bound):
    return catalogue.bound(
      weighting.name, weighting.factory, {**weighting.given, **given}, weighting.package
    )
  if isinstance(weighting, str):
    return catalogue.bound(weighting, get(weighting), given, __name__)
  return catalogue.bound(weighting.__name__, weighting, given)
