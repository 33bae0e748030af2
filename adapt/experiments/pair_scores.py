"""Scores of a source and an unlabelled target without a network."""

from typing import NamedTuple

import numpy as np

from adapt.evaluation import (
  dataset_distance,
  domain_distances,
  expected_accuracy,
  model_scores,
  transferability,
)
from adapt.weights._label_shift import HeldOut, softmax

# What is compared with accuracies; all but SHIFT are of a logistic model of the source.
SHIFT = ("proxy_a_distance", "mmd2", "coral", "frechet", "wasserstein")
ACCURACY = (
  *("source_accuracy", "average_confidence", "doc", "atc", "cot", "agreement", "cot_agreement"),
  "weighted",
)
# By the classes that the source model predicts in the target, as its labels are not known.
PREDICTED = ("nce", "logme", "h_score", "shrinkage_h_score", "transrate", "gbc", "otdd")
NAMES = (*SHIFT, *ACCURACY, "mano", *PREDICTED)
LOWER = (*SHIFT, "otdd")  # scores that fall where sets are alike
# What an accuracy is expected from, and what corrects it: of logistic models, and of trained networks. Each
# of those is one model, so that nothing agrees or disagrees with it, and corrections only hurt there.
BASE, STACKED = "cot_agreement", ("source_accuracy",)
BASE_OF_ONE = "cot"
STACKED_OF_ONE: tuple[str, ...] = ()
RANKED = ("proxy_a_distance", "h_score")  # what sources are ranked by
# To which they are rounded. A proxy A-distance of 500 rows has a standard error of up to 0.09: near 2, where
# sources are far, its order is chance.
STEPS = {"proxy_a_distance": 0.1}
MOST = 2000  # examples of a domain for what takes more than linear time
_COMPONENTS = 64  # of inputs, for distances whose time is cubic in the number of features


class Predicted(NamedTuple):
  """A source model's probabilities, its temperature fitted to the held-out source."""

  source: np.ndarray  # [n, k] held out
  labels: np.ndarray  # [n]
  target: np.ndarray  # [models, m, k]


def predicted(model: HeldOut) -> Predicted:
  """The probabilities of cross-fitted models."""
  source, target = softmax(model.source), softmax(model.target)
  heat = expected_accuracy.temperature(source, model.labels)
  found = expected_accuracy.tempered(target.reshape(-1, target.shape[-1]), heat)
  return Predicted(
    expected_accuracy.tempered(source, heat), model.labels, found.reshape(target.shape)
  )


def shift_scores(x: np.ndarray, xt: np.ndarray) -> dict[str, float]:
  """Distances between inputs [n, d] and [m, d]."""
  a, b = components(x, xt)
  return {
    "proxy_a_distance": domain_distances.proxy_a_distance(x, xt),
    "mmd2": domain_distances.mmd(x[:1000], xt[:1000], permutations=0).mmd2,
    "coral": domain_distances.coral_distance(x, xt),
    "frechet": domain_distances.frechet_distance(a, b),
    "wasserstein": dataset_distance.wasserstein(a, b),
  }


def accuracy_scores(found: Predicted, weights: np.ndarray | None = None) -> dict[str, float]:
  """Estimates of the accuracy in the target, 0 to 1.

  Args:
    found: of a source model.
    weights: [n] importance weights of its held-out source examples; None: they are not looked at.
  """
  e, every = expected_accuracy, found.target.reshape(-1, found.target.shape[-1])
  scores = model_scores.of_probabilities(found.source, found.labels, every)
  if len(found.target) > 1:
    scores["agreement"] = e.agreement(found.target.argmax(axis=-1))
    # Transport trusts each model's confidence, agreement none: a mistake shows in one or the other.
    scores["cot_agreement"] = scores["cot"] * scores["agreement"]
  if weights is not None:
    scores["weighted"] = e.weighted_accuracy(found.source, found.labels, weights)
  return scores


def scores(x: np.ndarray, y: np.ndarray, xt: np.ndarray, model: HeldOut) -> dict[str, float]:
  """Every score of NAMES that can be computed.

  Args:
    x: source inputs [n, d], in the order of `model.source`.
    y: source labels [n].
    xt: target inputs [m, d], in the order of `model.target`.
    model: cross-fitted on them.
  """
  found = predicted(model)
  made = shift_scores(x, xt) | accuracy_scores(found, importance(x, xt))
  made["mano"] = expected_accuracy.matrix_norm(model.target.mean(axis=0))
  p = found.target.mean(axis=0)
  own = p.argmax(axis=1)
  rows = np.random.default_rng(0).permutation(len(xt))[:MOST]
  a, b = components(x, xt)
  b, told = b[rows], own[rows]
  made["nce"] = transferability.nce(found.target[0].argmax(axis=1), own)
  for name in ("logme", "h_score", "shrinkage_h_score", "transrate", "gbc"):
    try:
      made[name] = getattr(transferability, name)(b, told)
    except ValueError:  # a single class, or one example of a class
      continue
  made["otdd"] = dataset_distance.otdd(a[:MOST], y[:MOST], b, told)
  return made


def h_score(b: np.ndarray, found: Predicted) -> float:
  """H-score of target inputs [m, d] and predicted classes.

  It is 0 of one class, whose mean does not vary.
  """
  rows = np.random.default_rng(0).permutation(len(b))[:MOST]
  own = found.target.mean(axis=0).argmax(axis=1)[rows]
  return transferability.h_score(b[rows], own) if len(np.unique(own)) > 1 else 0.0


def components(x: np.ndarray, xt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Both on their common first principal components."""
  if x.shape[1] <= _COMPONENTS:
    return x, xt
  from sklearn.decomposition import PCA

  fitted = PCA(min(_COMPONENTS, len(x) + len(xt)), svd_solver="randomized", random_state=0)
  both = fitted.fit_transform(np.concatenate([x, xt]))
  return both[: len(x)], both[len(x) :]


def importance(x: np.ndarray, xt: np.ndarray) -> np.ndarray:
  """Density ratios p_t / p_s by a cross-fitted logistic classifier."""
  from sklearn.linear_model import LogisticRegression
  from sklearn.model_selection import cross_val_predict
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import StandardScaler

  a, b = components(x, xt)
  domain = np.repeat([0, 1], [len(a), len(b)])
  judge = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
  p = cross_val_predict(judge, np.concatenate([a, b]), domain, cv=3, method="predict_proba")
  odds = p[: len(a), 1] / np.maximum(p[: len(a), 0], 1e-12) * len(a) / len(b)
  found: np.ndarray = np.clip(odds, 1e-6, 50.0)
  return found
