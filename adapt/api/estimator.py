"""`adapt.Adapted` and `AdaptedRegressor`: scikit-learn estimators by skada's convention for domains."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from adapt.api import frames, stacking
from adapt.api.fit import fit
from adapt.api.fitted import Fitted

# The label of target examples, as skada masks them; of values it is a number like others, and of the
# classes -1 and 1 a class where something else says which rows are the target.
MASKED = -1
_FIXED = ("source", "target", "seeds", "output")  # of `adapt.fit`, said otherwise here


class _Estimator(BaseEstimator):
  """What a method as a classifier and as a regressor share."""

  _output = "classes"

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

  def set_params(self, **params: Any) -> Self:
    """Sets parameters; other names are settings or hyper-parameters of the method."""
    for name, value in params.items():
      if name in ("method", "model", "weights", "tuning", "seed"):
        setattr(self, name, value)
      else:
        self.settings = {**self.settings, name: value}
    return self

  def fit(self, X: Any, y: Any, sample_domain: Any = None, *, Xt: Any = None) -> Self:
    """Trains from the source rows to the target rows.

    Args:
      X: inputs [n, ...]; the columns of a frame are matched by name. A list of series [t, c] of floats may
        have several lengths.
      y: labels [n], or of a regressor values [n] or [n, d]. Mask those of target rows: training does
        not read them, but the scores of a search would.
      sample_domain: [n] which domain each row is of, or None.
      Xt: target inputs, where X has source rows alone.

    Raises:
      ValueError: no source or no target rows, or what `adapt.fit` refuses.
    """
    if wrong := [name for name in _FIXED if name in self.settings]:
      raise ValueError(f"{type(self).__name__} has no '{wrong[0]}': it is one run, of `seed`")
    x, labels = _array(X), np.asarray(y)
    apart = sample_domain is not None or Xt is not None
    signs = apart and set(labels.ravel().tolist()) <= {-1, 1}
    masked = self._masked(labels, signs)
    sources, target = _parted(x, labels, masked, sample_domain, Xt)
    if sample_domain is not None:
      _tell_unmasked(labels, masked, signs, np.asarray(sample_domain))
    self.fitted_: Fitted = fit(
      self.method,
      source=sources,
      target=target,
      model=self.model,
      weights=self.weights,
      tuning=self.tuning,
      seeds=(self.seed,),
      output=self._output,
      **self.settings,
    )
    self._learnt([ys for _, ys in sources])
    if frames.is_frame(x):
      self.feature_names_in_ = np.array(list(map(str, x.columns)), object)
    if (
      frames.is_frame(x) or x.dtype != object
    ):  # series of several lengths have no number of features
      self.n_features_in_ = int(np.prod(x.shape[1:]))
    return self

  def _learnt(self, labels: Sequence[np.ndarray]) -> None:
    """Keeps what the sources' labels say."""

  def transform(self, X: Any, sample_domain: Any = None) -> np.ndarray:
    """Features [n, d] that the network's last layer reads."""
    del sample_domain  # all rows alike
    return self._of(X, "features")

  def _of(self, x: Any, what: str) -> np.ndarray:
    """What the trained model says of inputs; an array's columns are in the order of training."""
    check_is_fitted(self, "fitted_")
    x = _array(x)
    found: np.ndarray = getattr(self.fitted_, what)(x, columns_in_order=not frames.is_frame(x))
    return found

  def _masked(self, y: np.ndarray, signs: bool) -> np.ndarray:
    """Which labels are masked: None or NaN.

    Args:
      y: labels [n].
      signs: whether -1 is a class beside 1.
    """
    del signs
    if y.dtype.kind in "iuf":
      return np.asarray((y != y).reshape(len(y), -1).any(axis=1))  # NaN
    return np.array([v is None or v != v for v in y.tolist()], bool)

  def _scored(
    self, X: Any, y: Any, weight: Any, domain: Any
  ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Predictions, labels and weights of the rows that have a label."""
    labels = np.asarray(y)
    known = ~self._masked(labels, MASKED in getattr(self, "classes_", np.empty(0)).tolist())
    if domain is not None:  # else a search in which it is passed on would choose by target labels
      known &= np.asarray(domain) >= 0
    if not known.any():
      more = "" if domain is None else "; leave out sample_domain to score rows of the target"
      raise ValueError(f"no row of a source has a label: nothing to score{more}")
    weights = None if weight is None else np.asarray(weight)[known]
    return self.predict(_array(X)[known]), labels[known], weights

  def predict(self, X: Any, sample_domain: Any = None) -> np.ndarray:
    """What each row is, [n, ...]; of all domains alike."""
    raise NotImplementedError


class Adapted(ClassifierMixin, _Estimator):
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

  def predict(self, X: Any, sample_domain: Any = None) -> np.ndarray:
    """Labels [n], by the model's `decision`."""
    del sample_domain
    return self._of(X, "predict").astype(self.classes_.dtype)

  def predict_proba(self, X: Any, sample_domain: Any = None) -> np.ndarray:
    """Probabilities [n, k] of `classes_`."""
    del sample_domain
    return self._of(X, "predict_proba")

  def score(self, X: Any, y: Any, sample_weight: Any = None, sample_domain: Any = None) -> float:
    """Accuracy on rows with a label, of `sample_domain`'s sources alone."""
    found, labels, weight = self._scored(X, y, sample_weight, sample_domain)
    return float(np.average(found == labels, weights=weight))

  def _learnt(self, labels: Sequence[np.ndarray]) -> None:
    self.classes_ = np.unique(np.concatenate(labels))

  def _masked(self, y: np.ndarray, signs: bool) -> np.ndarray:
    masked = super()._masked(y, signs)
    return masked if signs else masked | np.array([v == MASKED for v in y.tolist()], bool)


class AdaptedRegressor(RegressorMixin, _Estimator):
  """A domain-adaptation method as a regressor, of methods that predict values.

  As `Adapted`, but that -1 is a value: masked rows are those whose value is None or NaN.

  Args:
    method: a name, or a factory of one's own.
    model: as `adapt.fit` takes it.
    weights: as `adapt.fit` takes it.
    tuning: as `adapt.fit` takes it.
    seed: of the run.
    settings: training settings and hyper-parameters by name.

  Attributes:
    fitted_: what `adapt.fit` returned.
  """

  _output = "values"

  def predict(self, X: Any, sample_domain: Any = None) -> np.ndarray:
    """Values [n] or [n, d], in the labels' unit."""
    del sample_domain
    return self._of(X, "predict")

  def score(self, X: Any, y: Any, sample_weight: Any = None, sample_domain: Any = None) -> float:
    """R² on rows with a value, of `sample_domain`'s sources alone."""
    found, labels, weight = self._scored(X, y, sample_weight, sample_domain)
    return float(r2_score(labels.astype(float), found, sample_weight=weight))


def _tell_unmasked(y: np.ndarray, masked: np.ndarray, signs: bool, domain: np.ndarray) -> None:
  """Warns of target labels that a search's scorer would see."""
  said = (domain < 0) & ~masked
  if signs:
    said &= y == 1  # -1 may be either
  if said.any():
    warnings.warn(
      f"{int(said.sum())} rows of the target have labels: training does not read them, but a search would "
      "choose by them: mask them by -1, values by NaN",
      stacklevel=3,
    )


def _array(x: Any) -> Any:
  """Inputs as rows that can be chosen; frames, texts and uneven rows stay what they are."""
  x = frames.as_frames(x)
  if frames.is_frame(x):
    return x
  if hasattr(x, "tocsr"):
    return stacking.inputs(x, "X")[0]
  if isinstance(x, list) and len(x) and isinstance(x[0], str):
    return np.array(x)
  if isinstance(x, list | tuple) and len({np.shape(row)[:1] for row in x}) > 1:
    rows = np.empty(len(x), object)
    for i, row in enumerate(x):
      rows[i] = stacking.array(row)
    return rows
  return np.asarray(x)


def _parted(
  x: np.ndarray, y: np.ndarray, masked: np.ndarray, sample_domain: Any, xt: Any
) -> tuple[Sequence[tuple[np.ndarray, np.ndarray]], np.ndarray]:
  """The sources with labels, and the target's inputs."""
  if len(x) != len(y):
    raise ValueError(f"X has {len(x)} rows and y {len(y)}: give a label each")
  if xt is not None:
    if sample_domain is not None:
      raise ValueError("sample_domain and Xt both say which rows are the target: give one")
    return [(x, y)], _array(xt)
  domain = np.where(masked, -1, 1) if sample_domain is None else np.asarray(sample_domain)
  if len(domain) != len(x):
    raise ValueError(f"sample_domain has {len(domain)} entries for {len(x)} rows")
  source = domain >= 0
  if not source.any() or source.all():
    lacking = "target" if source.all() else "source"
    raise ValueError(
      f"no {lacking} rows: give sample_domain (1 source, -1 target), mask target labels, or Xt"
    )
  if masked[source].any():
    raise ValueError("source rows have masked labels: give them labels")
  return [(x[domain == d], y[domain == d]) for d in np.unique(domain[source])], x[~source]
