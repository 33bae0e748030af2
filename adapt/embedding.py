"""t-SNE pictures of features (van der Maaten and Hinton, 2008), drawn on given axes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.axes import Axes

MOST_POINTS = 500  # per domain: enough to see clusters, seconds to compute


def subset(arrays: "Mapping[str, np.ndarray]") -> "dict[str, np.ndarray]":
  """At most MOST_POINTS of each domain, drawn with a fixed seed."""
  import numpy as np

  rng = np.random.default_rng(0)
  chosen = []
  for domain in (0, 1):
    indices = np.flatnonzero(arrays["domain"] == domain)
    chosen.append(rng.permutation(indices)[:MOST_POINTS])
  keep = np.sort(np.concatenate(chosen))
  return {name: arrays[name][keep] for name in ("features", "label", "domain")}


def embedded(features: "np.ndarray") -> "np.ndarray":
  """[m, d] features → [m, 2] t-SNE coordinates."""
  from sklearn.manifold import TSNE
  from threadpoolctl import threadpool_limits

  perplexity = min(30.0, (len(features) - 1) / 3)
  # Threads that wait for each other in a loop crawl when the machine is shared.
  with threadpool_limits(1):
    return TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(features)


def scatter_domains(axis: "Axes", xy: Any, domain: Any) -> None:
  """Source points as rings, target points as crosses."""
  for value, name in ((0, "source"), (1, "target")):
    _scatter(axis, xy[domain == value], value, ("#0072B2", "#D55E00")[value], name)


def scatter_classes(axis: "Axes", xy: Any, arrays: Any, classes: Sequence[str]) -> None:
  """One colour per class, in both domains; grey without a label."""
  from matplotlib import colormaps

  palette = colormaps["tab10" if len(classes) <= 10 else "tab20" if len(classes) <= 20 else "turbo"]
  for k in range(-1, len(classes)):
    mine = arrays["label"] == k
    if not mine.any():
      continue
    step = palette(k) if len(classes) <= 20 else palette(k / (len(classes) - 1))
    colour = "#bbbbbb" if k < 0 else step
    # Thirty-odd names would be longer than the picture: colours alone, then.
    name = None if len(classes) > 20 else "no label" if k < 0 else classes[k]
    for domain in (0, 1):
      some = xy[mine & (arrays["domain"] == domain)]
      if len(some):
        _scatter(axis, some, domain, colour, name)
        name = None


def _scatter(axis: "Axes", xy: Any, domain: int, colour: Any, name: str | None) -> None:
  marker = "ox"[domain]
  faces = "none" if domain == 0 else colour
  edges = colour if domain == 0 else None
  axis.scatter(
    xy[:, 0],
    xy[:, 1],
    s=12,
    marker=marker,
    linewidths=0.8,
    facecolors=faces,
    edgecolors=edges,
    label=name,
  )
