"""`adapt.Adapted`: methods as scikit-learn estimators, by skada's convention for domains."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from adapt.api import stacking
from adapt.api.fit import fit
from adapt.api.fitted import Fitted

MASKED = -1  # the label of target examples, as skada masks them


class Adapted(ClassifierMixin, BaseEstimator):
  """A domain-adaptation method as a classifier.

  `fit(X, y, sample_domain=d)` takes both domains at once: rows of a positive domain are source
  examples, each number one source; rows of a negative one are the target, whose labels are not read.
  Without `sample_domain`, rows whose label is masked (-1, None or NaN) are the target.
  `fit(Xs, ys, Xt=Xt)` takes them apart.

  Args:
    method: a name, or a factory of one's own.
    model: as `adapt.fit` takes it.
    weights: as `adapt.fit` takes it.
    tuning: as `adapt.fit` takes it.
    seed: of the run.
    settings: training settings and hyper-parameters by name, which `set_params` and a grid search
      reach as well.

  Attributes:
    classes_: the source's labels.
    fitted_: what `adapt.fit` returned.
  """

  def __init__(
    self,
    method: Any = "dann",
    *,
    model: Any = None,
    weights: Any = None,
    tuning: Any = "full",
    seed: int = 0,
    **settings: Any,
  ) -> None:
    self.method, self.model, self.weights, self.tuning = method, model, weights, tuning
    self.seed, self.settings = seed, settings

  def get_params(self, deep: bool = True) -> dict[str, Any]:
    """Parameters by name, settings among them."""
    del deep
    own = ("method", "model", "weights", "tuning", "seed")
    return {**{name: getattr(self, name) for name in own}, **self.settings}

  def set_params(self, **params: Any) -> "Adapted":
    """Sets parameters; other names are settings or hyper-parameters of the method."""
    for name, value in params.items():
      if name in ("method", "model", "weights", "tuning", "seed"):
        setattr(self, name, value)
      else:
        self.settings = {**self.settings, name: value}
    return self

  def fit(self, X: Any, y: Any, sample_domain: Any = None, *, Xt: Any = None) -> "Adapted":
    """Trains from the source rows to the target rows.

    Args:
      X: inputs [n, ...].
      y: labels [n]; those of target rows are not read.
      sample_domain: [n] which domain each row is of, or None.
      Xt: target inputs, where X has source rows alone.

    Raises:
      ValueError: no source or no target rows, or what `adapt.fit` refuses.
    """
    x, labels = _array(X), np.asarray(y)
    sources, target = _parted(x, labels, sample_domain, Xt)
    self.fitted_: Fitted = fit(
      self.method,
      source=sources,
      target=target,
      model=self.model,
      weights=self.weights,
      tuning=self.tuning,
      seeds=(self.seed,),
      **self.settings,
    )
    self.classes_ = np.unique(np.concatenate([ys for _, ys in sources]))
    self.n_features_in_ = int(np.prod(x.shape[1:]))
    return self

  def predict(self, X: Any) -> np.ndarray:
    """Labels [n]."""
    return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])

  def predict_proba(self, X: Any) -> np.ndarray:
    """Probabilities [n, k] of `classes_`."""
    check_is_fitted(self, "fitted_")
    return self.fitted_.predict_proba(_array(X))

  def transform(self, X: Any) -> np.ndarray:
    """Features [n, d] that the network's last layer reads."""
    check_is_fitted(self, "fitted_")
    return self.fitted_.features(_array(X))

  def score(self, X: Any, y: Any, sample_weight: Any = None, sample_domain: Any = None) -> float:
    """Accuracy on rows with a label; masked ones do not count."""
    labels = np.asarray(y)
    known = ~_masked(labels)
    if sample_domain is not None:
      known &= np.asarray(sample_domain) >= 0
    if not known.any():
      raise ValueError("no row has a label: nothing to score")
    right = self.predict(_array(X)[known]) == labels[known]
    weight = None if sample_weight is None else np.asarray(sample_weight)[known]
    return float(np.average(right, weights=weight))


def _array(x: Any) -> np.ndarray:
  """Inputs as rows that can be chosen; texts and rows of several lengths stay what they are."""
  if hasattr(x, "tocsr"):
    return stacking.inputs(x, "X")[0]
  if isinstance(x, list) and len(x) and isinstance(x[0], str):
    return np.array(x)
  return np.asarray(x)


def _masked(y: np.ndarray) -> np.ndarray:
  """Which labels are masked: -1, None or NaN."""
  if y.dtype.kind in "iuf":
    return np.asarray((y == MASKED) | (y != y))  # NaN
  return np.array([v is None or v != v or v == MASKED for v in y.tolist()], bool)


def _parted(
  x: np.ndarray, y: np.ndarray, sample_domain: Any, xt: Any
) -> tuple[Sequence[tuple[np.ndarray, np.ndarray]], np.ndarray]:
  """The sources with labels, and the target's inputs."""
  if len(x) != len(y):
    raise ValueError(f"X has {len(x)} rows and y {len(y)}: give a label each")
  if xt is not None:
    if sample_domain is not None:
      raise ValueError("sample_domain and Xt both say which rows are the target: give one")
    return [(x, y)], _array(xt)
  domain = np.where(_masked(y), -1, 1) if sample_domain is None else np.asarray(sample_domain)
  if len(domain) != len(x):
    raise ValueError(f"sample_domain has {len(domain)} entries for {len(x)} rows")
  source = domain >= 0
  if not source.any() or source.all():
    lacking = "target" if source.all() else "source"
    raise ValueError(
      f"no {lacking} rows: give sample_domain (1 source, -1 target), mask target labels by -1, or Xt"
    )
  if _masked(y[source]).any():
    raise ValueError("source rows have masked labels: give them labels")
  return [(x[domain == d], y[domain == d]) for d in np.unique(domain[source])], x[~source]
