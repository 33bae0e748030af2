"""Toy tasks that methods are checked on, by kind of output."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import models, outputs
from adapt.catalogue import Bound
from adapt.data import toy
from adapt.data.domain import Domain
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import Task
from adapt.method import Method, Net
from adapt.models.unet import unet
from adapt.training.settings import Settings

SETTINGS = Settings(
  steps=500,
  lr=0.1,
  batch_size=32,
  weight_decay=0.0,
  schedule="constant",
  evaluations=2,
  shots=10,
)
_ONE = Task("moons_turned", ("moons",), "turned")
_SEVERAL = Task("moons_tilted_turned", ("moons", "tilted"), "turned")
_OPEN = Task("blobs_open", ("blobs",), "moved", ClassSets(4, 0, 4))


class Ground(NamedTuple):
  """Toy domains of one kind of output, and its measures."""

  kind: str  # of output
  task: Task
  load: Callable[[str], Domain]
  shape: tuple[int, ...]  # of an example's inputs
  heads: int  # what the network has at its end
  measure: str
  again: str  # what a model that was read back must have the same of
  model: str | Bound
  settings: Settings = SETTINGS

  @property
  def output(self) -> Bound:
    """The kind of output as experiments take it."""
    return outputs.bind(self.kind)

  def labels(self, n: int) -> np.ndarray:
    """Labels of some examples whose inputs are random."""
    if self.kind == "values":
      return np.linspace(-1, 1, n, dtype=np.float32)[:, None]
    each = np.arange(n, dtype=np.int32) % min(self.heads, 2)
    if self.kind == "labels":
      return (each[:, None] + np.arange(self.heads, dtype=np.int32)) % 2
    return np.tile(each[:, None, None], (1, *self.shape[:2])) if self.kind == "pixels" else each

  def others(self, labels: Any, classes: int) -> np.ndarray:
    """Labels that all differ from the true ones."""
    labels = np.asarray(labels)
    if self.kind == "values":
      return labels + np.float32(1) + np.abs(labels)
    classes = 2 if self.kind == "labels" else max(classes, 1)
    return np.where(labels < 0, labels, (labels + 1) % classes).astype(labels.dtype)

  def judged(self, predicted: np.ndarray, labels: Any) -> float:
    """What `again` is of predictions [n, ...] as models make them."""
    labels = np.asarray(labels)
    if self.kind == "values":
      return float(np.abs(predicted - labels).mean())
    if self.kind == "labels":
      return float(((predicted > 0) != labels)[labels >= 0].mean())
    return float((predicted.argmax(-1) == labels)[labels >= 0].mean())

  def trivial(self, record: Mapping[str, Any]) -> float:
    """The measure of always the same answer.

    It is the most frequent class, or the mean.
    """
    if self.measure != "accuracy":
      return {"r2": 0.0, "auroc": 0.5}.get(self.measure, 1 / self.heads)
    counts = np.sum(record["confusion"], axis=(0, 2))
    return float(counts.max() / counts.sum())

  def has_statistics(self, net: Net) -> bool:
    """Whether the network keeps batch statistics."""
    x = jax.ShapeDtypeStruct((2, *self.shape), jnp.float32)
    _, stats = jax.eval_shape(net.init, jax.random.key(0), x)
    return bool(jax.tree.leaves(stats))

  def shown(self, value: float) -> str:
    """A value of `measure` with its unit."""
    if self.measure == "r2":
      return f"R² {value:.3f}"
    return ("AUROC " if self.measure == "auroc" else "") + f"{100 * value:.1f} %"

  def gain(self, value: float) -> str:
    """A difference of `measure` with its unit."""
    return f"{value:+.3f}" if self.measure == "r2" else f"{100 * value:+.1f} points"


def of(kind: str, traits: Method) -> Ground:
  """What a method with these traits is checked on.

  Raises:
    ValueError: the method does not serve it.
  """
  if kind not in traits.outputs:
    raise ValueError(f"it does not serve {kind}: its outputs= has {', '.join(traits.outputs)}")
  return _MADE[kind](traits)


def _classes(traits: Method) -> Ground:
  task = _ONE if traits.sources < 2 else _SEVERAL
  task = task if "closed" in traits.serves else _OPEN
  return Ground("classes", task, toy.named, (2,), 2, "accuracy", "accuracy", "mlp")


def _values(traits: Method) -> Ground:
  sources = ("waves",) if traits.sources < 2 else ("waves", "ripples")
  task = Task("waves_moved", sources, "swell")
  slower = SETTINGS._replace(lr=0.03, shots=80)
  return Ground("values", task, toy.waves_named, (4,), 1, "r2", "mae", "mlp", slower)


def _pixels(traits: Method) -> Ground:
  sources = ("discs",) if traits.sources < 2 else ("discs", "dull_discs")
  task = Task("discs_tinted", sources, "tinted_discs")
  net = models.bind(functools.partial(unet, width=4, depth=1, norm="batch"))
  quick = SETTINGS._replace(steps=60, batch_size=8, optimizer="adam", lr=0.01)
  return Ground(
    "pixels", task, toy.discs_named, (16, 16, 3), 3, "miou", "pixel_accuracy", net, quick
  )


def _labels(traits: Method) -> Ground:
  sources = ("signs",) if traits.sources < 2 else ("signs", "near_signs")
  task = Task("signs_moved", sources, "far_signs")
  more = SETTINGS._replace(shots=80)  # rows; of classes shots are of each
  return Ground("labels", task, toy.signs_named, (4,), 3, "auroc", "hamming_loss", "mlp", more)


_MADE = {"classes": _classes, "values": _values, "pixels": _pixels, "labels": _labels}
KINDS = tuple(_MADE)
