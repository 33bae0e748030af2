"""Advice on sources and a target before training, without target labels."""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from adapt.data.domain import Domain, Inputs
from adapt.data.images import Images
from adapt.evaluation import domain_distances, ranking, stacked, worth
from adapt.evaluation.class_shares import LEVEL, ClassShares, class_shares
from adapt.evaluation.expected_accuracy import Expected, confidence_transport, expected_accuracy
from adapt.evaluation.novelty import Uncovered, uncovered
from adapt.evaluation.stacked import Interval
from adapt.experiments import auto, pair_scores, stacked_table
from adapt.experiments.advice_inputs import FOLDS, pictures, refuse
from adapt.experiments.advice_text import sentences
from adapt.weights._content import by_content
from adapt.weights._label_shift import HeldOut, held_out, softmax

MOST = 10_000  # rows of a domain that are looked at
MOST_PAIRS = 1_000  # rows of a domain in the test, whose memory is quadratic
_COMPONENTS, _SIDE = 64, 32  # of flattened images; encoded images are decoded to that size
_STRENGTH = 0.1


class SourceAdvice(NamedTuple):
  """What is seen of one source and the target."""

  name: str
  rows: int
  p_value: float  # of the two-sample test
  mmd2: float
  proxy_a_distance: float
  coral: float
  h_score: float | None  # of the logistic model's classes in the target; None: no model
  mean_rank: float | None  # weighted, 1 is best; None: nothing to rank
  shares: ClassShares | None
  majority: float  # share of the source's most frequent class
  expected: Expected | None  # accuracy of a logistic regression on this source
  stacked: Interval | None  # the same from several scores, with what it was off on records
  worth: float | None  # probability that the best of `auto`'s methods gains more than a point
  uncovered: Uncovered  # share of the target where the source has hardly any rows
  notes: tuple[str, ...]  # what could not be estimated, and why

  @property
  def shifted(self) -> bool:
    """Whether the inputs differ from the target's by more than chance."""
    return self.p_value < LEVEL

  @property
  def explained(self) -> bool:
    """Whether other class shares, among the classes there are, explain the difference."""
    return self.shares is not None and self.shares.explain and not self.uncovered.seen

  @property
  def informative(self) -> bool:
    """Whether the logistic model beats the majority class by two standard errors."""
    if self.expected is None:
      return False
    right = self.expected.source_accuracy
    error = (right * (1 - right) / min(self.rows, MOST)) ** 0.5
    return right > self.majority + 2 * error


class Advice(NamedTuple):
  """What `adapt advise` says."""

  target: str
  target_rows: int
  sources: tuple[SourceAdvice, ...]  # best first
  pooled: SourceAdvice | None  # all sources as one, where there are several
  methods: tuple[auto.Candidate, ...]  # to try, source_only first; empty where nothing is to adapt
  pictures: dict[str, list[list[float]]]  # [n][2], principal components of some rows of each domain
  sentences: tuple[str, ...]  # at most eight
  notes: tuple[str, ...]  # what was done with the inputs


def advice(domains: Sequence[Domain]) -> Advice:
  """Compares the training inputs of sources with those of a target.

  The target's labels are not looked at. More than 10,000 rows of a domain are sampled.

  Args:
    domains: the sources, then the target, encoded and numbered alike.

  Raises:
    ValueError: values for labels, token ids, sources without labels, or inputs of other shapes.
    ModuleNotFoundError: scikit-learn is not installed.
  """
  import sklearn  # noqa: F401  # refused before anything is computed; it brings the next
  from threadpoolctl import threadpool_limits

  *sources, target = domains
  refuse(sources, target)
  # Threads of BLAS wait for each other on small matrices: fifteen times as slow on two busy cores.
  with threadpool_limits(1):
    made = _advice(sources, target)
  return made._replace(sentences=sentences(made))


def _advice(sources: Sequence[Domain], target: Domain) -> Advice:
  """All but the sentences."""
  inputs, labels, notes = sampled(sources, target)
  *xs, xt = inputs
  found = [
    _compared(d.name, len(d.train.x), x, y, d.classes, xt)
    for d, x, y in zip(sources, xs, labels, strict=True)
  ]
  pooled = None
  if len(sources) > 1:
    rows = np.random.default_rng(len(sources)).permutation(sum(map(len, xs)))[:MOST]
    x, y = np.concatenate(xs)[rows], np.concatenate(labels)[rows]
    names = max((d.classes for d in sources), key=len)
    total = sum(len(d.train.x) for d in sources)
    pooled = _compared("all sources", total, x, y, names, xt)
    found = _ranked(found)
  classes = len(np.unique(np.concatenate(labels)))
  methods = auto.candidates(classes) if classes > 1 else ()
  shown = pictures([*(d.name for d in sources), target.name], inputs)
  told = tuple(found), pooled, methods, shown
  return Advice(target.name, len(target.train.x), *told, (), tuple(notes))


def sampled(
  sources: Sequence[Domain], target: Domain
) -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
  """Inputs [n, d], the target last; source labels; what was done."""
  inputs, labels, notes = [], [], []
  for k, domain in enumerate((*sources, target)):
    rows = rows_of(k, len(domain.train.x))
    if len(domain.train.x) > MOST:
      notes.append(f"{domain.name}: {MOST:,} of {len(domain.train.x):,} rows, at random")
    inputs.append(_flat(domain.train.x, rows))
    if k < len(sources):
      assert domain.train.y is not None
      labels.append(domain.train.y[rows])
  if not all(np.isfinite(x).all() for x in inputs):
    raise ValueError("the inputs hold NaN or infinity: clean them")
  if target.train.x.ndim > 2 and inputs[0].shape[1] > _COMPONENTS:
    from sklearn.decomposition import PCA

    shape, total = list(target.train.x.shape[1:]), sum(map(len, inputs))
    fitted = PCA(min(_COMPONENTS, total), svd_solver="randomized", random_state=0)
    fitted.fit(np.concatenate(inputs))
    inputs = [fitted.transform(x) for x in inputs]
    notes.append(f"inputs of shape {shape} are {inputs[0].shape[1]} principal components here")
  return inputs, labels, notes


def rows_of(k: int, n: int) -> np.ndarray:
  """The rows of the k-th domain to look at, in random order."""
  found: np.ndarray = np.random.default_rng(k).permutation(n)[:MOST]
  return found


def _flat(x: Inputs, rows: np.ndarray) -> np.ndarray:
  found = x.resized(_SIDE)[rows] if isinstance(x, Images) else x[rows]
  scale = 255.0 if found.dtype == np.uint8 else 1.0
  flat: np.ndarray = found.reshape(len(found), -1).astype(np.float32) / np.float32(scale)
  return flat


def _compared(
  name: str, rows: int, x: np.ndarray, y: np.ndarray, classes: Sequence[str], xt: np.ndarray
) -> SourceAdvice:
  """One source, or all as one, beside the target; not ranked yet."""
  test = domain_distances.mmd(x[:MOST_PAIRS], xt[:MOST_PAIRS])  # rows come in random order
  found = SourceAdvice(
    name,
    rows,
    test.p_value,
    test.mmd2,
    domain_distances.proxy_a_distance(x, xt),
    domain_distances.coral_distance(x, xt),
    None,
    None,
    None,
    float(np.unique(y, return_counts=True)[1].max() / len(y)),
    None,
    None,
    None,
    uncovered(*_components(x, xt)),
    (),
  )
  return _with_model(found, x, y, classes, xt)


def _with_model(
  found: SourceAdvice, x: np.ndarray, y: np.ndarray, classes: Sequence[str], xt: np.ndarray
) -> SourceAdvice:
  """The same with what a logistic model of the source says, or why it says nothing."""
  known, counts = np.unique(y, return_counts=True)
  if len(known) < 2 or counts.min() < 2:
    few = "one class" if len(known) < 2 else "one example of a class"
    return found._replace(notes=(f"no accuracy and no class shares: {found.name} has {few}",))
  model = fitted_model(x, y, xt, int(min(FOLDS, counts.min())))
  p, new = softmax(model.source), softmax(model.target)
  found = found._replace(expected=expected_accuracy(p, model.labels, np.concatenate(list(new))))
  told = pair_scores.predicted(model)
  made, b = pair_scores.accuracy_scores(told), by_content(xt)[: told.target.shape[1]]
  found = found._replace(h_score=pair_scores.h_score(_components(x, xt)[1][b], told))
  found = found._replace(stacked=stacked.expected(stacked_table.STACKED, made))
  if not found.informative:
    lost = f"the logistic model of {found.name} is no better than its most frequent class"
    return found._replace(notes=(f"no class shares: {lost}",))
  found = found._replace(worth=_worth(found, len(known)))
  of_class = tuple(str(classes[k]) if k < len(classes) else str(k) for k in known)
  shares = class_shares(p, model.labels, new.mean(axis=0), of_class)
  if shares is None:
    lost = f"the logistic model of {found.name} confuses classes too much"
    return found._replace(notes=(f"no class shares: {lost}",))
  if shares.moved:
    alike = _with_shares(y, shares.target)
    if len(alike) > FOLDS:
      p_value = domain_distances.mmd(x[alike], xt[:MOST_PAIRS]).p_value
      shares = shares._replace(p_value=p_value)
  if shares.moved:  # a class that has become frequent is not a new one
    given = np.array(shares.target) / np.maximum(shares.source, 1e-12)
    weights = np.maximum(given, 1e-3)[np.searchsorted(known, y)]
    found = found._replace(uncovered=uncovered(*_components(x, xt), weights))
  found = found._replace(shares=shares)
  return _with_accuracy(found, told, made)


def _worth(found: SourceAdvice, classes: int) -> float | None:
  if found.expected is None or found.stacked is None:
    return None
  right = found.expected.source_accuracy
  own = worth.features(found.proxy_a_distance, found.stacked.value, right, classes)
  return float(worth.probability(stacked_table.WORTH, own[None])[0])


def _with_accuracy(
  found: SourceAdvice, model: pair_scores.Predicted, made: dict[str, float]
) -> SourceAdvice:
  """The same with the accuracy that is to be expected if class shares have moved.

  Where they explain the shift, labels come with the target's shares. Where more has changed, they may or
  may not, and the interval has both.
  """
  shares = found.shares
  if shares is None or not shares.moved or found.stacked is None:
    return found
  every = model.target.reshape(-1, model.target.shape[-1])
  cot = confidence_transport(every, np.array(shares.target))
  moved = {**made, "cot": cot, "cot_agreement": cot * made["agreement"]}
  other = stacked.expected(stacked_table.STACKED, moved)
  if found.explained or other is None:
    return found._replace(stacked=other)
  low, high = (
    f(getattr(o, n) for o in (found.stacked, other)) for f, n in ((min, "low"), (max, "high"))
  )
  return found._replace(stacked=found.stacked._replace(low=low, high=high))


def _components(x: np.ndarray, xt: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Common principal components, in units of the source's spread, so that every feature counts."""
  spread = x.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  return pair_scores.components(x / spread, xt / spread)


def fitted_model(x: np.ndarray, y: np.ndarray, xt: np.ndarray, folds: int) -> HeldOut:
  """Cross-fitted logistic regressions of a source."""
  from sklearn.exceptions import ConvergenceWarning

  with warnings.catch_warnings():  # a model that is nearly fitted serves as well here
    warnings.simplefilter("ignore", ConvergenceWarning)
    return held_out(x, y, xt, _STRENGTH, folds, MOST, "advice")


def _with_shares(y: np.ndarray, shares: Sequence[float]) -> np.ndarray:
  """Rows, as many as can be, whose classes have these shares."""
  classes, counts = np.unique(y, return_counts=True)
  wanted = np.asarray(shares)
  size = min(MOST_PAIRS, float((counts / np.maximum(wanted, 1e-9)).min()))
  take = np.floor(size * wanted + 1e-6).astype(int)
  return np.concatenate([np.flatnonzero(y == c)[:n] for c, n in zip(classes, take, strict=True)])


def _ranked(found: Sequence[SourceAdvice]) -> list[SourceAdvice]:
  """Best first, by weighted ranks of what orders sources; by distances if one has no model."""
  scores = [{n: getattr(s, n) for n in pair_scores.RANKED} for s in found]
  known = all(s.h_score is not None for s in found)
  ranks = ranking.ranks(stacked_table.RANKING, scores) if known else None
  if ranks is None:
    distances = np.array([(s.proxy_a_distance, s.mmd2, s.coral) for s in found])
    ranks = rankdata(distances, axis=0).mean(axis=1).tolist()
  ranked = [s._replace(mean_rank=float(r)) for s, r in zip(found, ranks, strict=True)]
  return sorted(ranked, key=lambda s: (s.mean_rank, s.proxy_a_distance))
