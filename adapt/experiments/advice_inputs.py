"""Which domains advice can compare, and pictures of them."""

from collections.abc import Sequence

import numpy as np

from adapt.data.checks import no_labels
from adapt.data.domain import Domain, kind_of, output_of

FOLDS = 5  # of source models, which need as many rows
_SHOWN = 300  # rows of a domain in pictures


def refuse(sources: Sequence[Domain], target: Domain) -> None:
  """Raises ValueError for domains that cannot be compared."""
  if not sources:
    raise ValueError("no source is given: name one or more")
  if others := [output_of(d) for d in sources if output_of(d) != "classes"]:
    raise ValueError(f"the labels are {others[0]}: advice is for classes")
  if any(kind_of(d) == "tokens" for d in (*sources, target)):
    raise ValueError("token ids have no distances: leave out --text minilm, or give features")
  for source in sources:
    if source.train.y is None:
      raise ValueError(no_labels(f"the source {source.name}"))
    a, b = source.train.x.shape[1:], target.train.x.shape[1:]
    if a != b:
      raise ValueError(
        f"{source.name} has inputs of shape {list(a)}, {target.name} of {list(b)}: "
        "bring them to one shape"
      )
    if source.train.x.dtype != target.train.x.dtype:
      raise ValueError(
        f"{source.name} is {source.train.x.dtype}, {target.name} {target.train.x.dtype}: convert one"
      )
    if len(source.train.x) < FOLDS:
      raise ValueError(f"{source.name} has {len(source.train.x)} rows: give at least {FOLDS}")
  for domain in (*sources, target):
    x = domain.train.x
    if isinstance(x, np.ndarray) and len(x) > 1 and (x == x[:1]).all():
      raise ValueError(
        f"{domain.name} has one distinct row, {len(x)} times, which says nothing of a domain: give inputs "
        "that vary"
      )
  if len(target.train.x) < FOLDS:
    raise ValueError(f"{target.name} has {len(target.train.x)} rows: give at least {FOLDS}")


def pictures(names: Sequence[str], inputs: Sequence[np.ndarray]) -> dict[str, list[list[float]]]:
  """Some rows of each domain on two principal components."""
  from sklearn.decomposition import PCA

  some = [x[:_SHOWN] for x in inputs]
  both = np.concatenate(some)
  spread = both.std(axis=0)
  scaled = (both - both.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
  if scaled.shape[1] < 2:
    scaled = np.c_[scaled, np.zeros(len(scaled))]
  with np.errstate(invalid="ignore"):  # constant inputs have no share of variance
    places = PCA(2, svd_solver="randomized", random_state=0).fit_transform(scaled)
  ends = np.cumsum([len(x) for x in some])[:-1]
  parts = [part.round(4).tolist() for part in np.split(places, ends)]
  return dict(zip(names, parts, strict=True))
