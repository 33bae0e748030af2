"""t-SNE pictures of features, drawn on given axes.

Source: van der Maaten and Hinton (2008).
"""

import string
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adapt.report.style import COLOURS

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
    some = xy[domain == value]
    axis.scatter(
      some[:, 0],
      some[:, 1],
      s=12,
      marker="ox"[value],
      linewidths=0.8,
      facecolors="none" if value == 0 else COLOURS[1],
      edgecolors=COLOURS[0] if value == 0 else None,
      label=name,
    )


def scatter_classes(axis: "Axes", xy: Any, arrays: Any, classes: Sequence[str]) -> None:
  """Draws a sign per class: paler for the source, dots if unlabelled.

  A large sign marks each class's median; the dots are grey.
  """
  import numpy as np
  from matplotlib import colormaps

  palette, signs = colormaps["tab10"], class_signs(classes)
  for k in range(-1, len(classes)):
    mine = arrays["label"] == k
    if not mine.any():
      continue
    colour = "#bbbbbb" if k < 0 else palette(k % 10)
    # Thirty-odd names would be longer than the picture: signs alone, then.
    name = None if len(classes) > 20 else "no label" if k < 0 else classes[k]
    of = [xy[mine & (arrays["domain"] == domain)] for domain in (1, 0)]
    for some, alpha in zip(of, (1.0, 0.45), strict=True):  # the name goes with the darker one
      if len(some):
        marker, size = (".", 12) if k < 0 else (rf"$\mathrm{{{signs[k]}}}$", 22)
        axis.scatter(
          some[:, 0],
          some[:, 1],
          s=size,
          marker=marker,
          linewidths=0.3,
          color=colour,
          alpha=alpha,
          label=name,
        )
        name = None
    if k >= 0:
      x, y = np.median(of[0] if len(of[0]) else of[1], axis=0)
      box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": colour, "alpha": 0.85}
      axis.text(x, y, signs[k], ha="center", va="center", fontsize=9, weight="bold", bbox=box)


def class_signs(classes: Sequence[str]) -> list[str]:
  """One letter or digit a class, to tell classes without colour.

  Beyond 62 they repeat. Classes whose own names are single letters or digits keep them.
  """
  if len(set(classes)) == len(classes) and all(len(c) == 1 and c.isalnum() for c in classes):
    return list(classes)
  alphabet = string.ascii_letters + string.digits
  return [alphabet[k % len(alphabet)] for k in range(len(classes))]
