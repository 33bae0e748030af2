"""Prepares a task's data for training.

They are loaded, checked, brought to size and, where asked for, turned into features.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from adapt import catalogue, data, models, outputs
from adapt.augment import named_views
from adapt.catalogue import Bound
from adapt.data import images, label_sets, unseen
from adapt.data.domain import Domain, Split, kind_of, output_of
from adapt.data.label_sets import ClassSets
from adapt.data.transductive import unlabelled
from adapt.evaluation import decision
from adapt.method import Method
from adapt.training import backbone_features, network_check
from adapt.training.label_scale import Scale, standardised
from adapt.training.settings import Settings
from adapt.training.setup import Setup

_LARGEST = 4096  # height and width of images, in pixels
_HASHED = 10000  # encoded images of a split, at most, that are read for the hash in a record


class TaskData(NamedTuple):
  """Checked data of a task, with the network that takes them."""

  sources: tuple[Domain, ...]
  target: Domain
  settings: Settings  # as the program takes them: with cached features, no backbone is left
  hashes: dict[str, str]
  model: Bound  # with cached features, of what stands above the backbone
  backbone: Any = ()  # published weights to start from
  sets: ClassSets | None = None  # which classes each side has; None: those that its data have
  scale: Scale | None = None  # of values: what standardised the labels
  unseen: bool = False  # whether source inputs stand in the place of the target's

  @property
  def output(self) -> str:
    """What is predicted, one of adapt/outputs."""
    return output_of(self.sources[0])

  @property
  def classes(self) -> tuple[str, ...]:
    """Names of the network's outputs: the source's classes.

    A target may come without labels. Values are called value, or value 1, value 2, … where there
    are several.
    """
    if self.output == "values":
      width = np.asarray(self.sources[0].train.y).shape[1]
      return ("value",) if width == 1 else tuple(f"value {i + 1}" for i in range(width))
    return max((d.classes for d in self.sources), key=len)

  @property
  def counts(self) -> tuple[int, ...]:
    """How many source training examples have each of `classes`."""
    labels = np.concatenate([np.asarray(d.train.y) for d in self.sources])
    return tuple(np.bincount(labels, minlength=len(self.classes)).tolist())

  @property
  def kind(self) -> str:
    """What the network's inputs are, one of `data.domain.KINDS`."""
    return kind_of(self.target)

  @property
  def unknown(self) -> bool:
    """Whether the target may contain classes that no source has."""
    return self.sets is not None and self.sets.unknown


def unchecked(
  setup: Setup, sources: Sequence[Domain], target: Domain, sets: ClassSets | None = None
) -> TaskData:
  """Restricts domains to class sets, without checks.

  It is for data that are known to fit.
  """
  if sets:
    sources, target = label_sets.restricted(sources, target, sets)
  scale, (*sources, target) = standardised([*sources, target])
  return TaskData(tuple(sources), target, setup.settings, {}, setup.model, (), sets, scale)


def prepare(
  setup: Setup,
  method: Method,
  sources: Sequence[Domain],
  target: Domain,
  sets: ClassSets | None = None,
  hidden: bool = False,
) -> TaskData:
  """Checks and prepares a task's data for method and network.

  The data are checked against each other and against what both take.

  Args:
    setup: what is to be trained.
    method: its traits.
    sources: labelled domains.
    target: the domain to adapt to.
    sets: which classes each side is to have; None: those that its data have.
    hidden: whether the target is unseen: its training split is replaced (see `data.unseen`).

  Raises:
    ValueError: one line with the remedy.
  """
  settings, model = setup.settings, setup.model
  shots = settings.shots if "labelled" in method.reads else 0
  _check_settings(settings, target)
  _check_output(setup, sets)
  target = unseen.hidden(sources, target) if hidden else target
  hashes = {d.name: fingerprint(d) for d in (*sources, target)}
  sources, target = [_at_size(d, settings) for d in sources], _at_size(target, settings)
  if sets:
    sources, target = label_sets.restricted(sources, target, sets, _taken)
  unknown = sets is not None and sets.unknown
  data.check_pair(sources, target, settings.batch_size, shots, unknown)
  decision.check_domains(setup.decision, sources, unknown)
  if (found := output_of(sources[0])) != outputs.kind(setup.output):
    raise ValueError(
      f"the labels of {sources[0].name} are {found}, and the output is {outputs.kind(setup.output)}: give "
      f"--output {found}, or other labels"
    )
  if "all_labelled" in method.reads and target.train.y is None:
    raise ValueError(f"{setup.method.name} needs target labels, and {unlabelled(target)}")
  mixes = network_check.check(setup, sources[0], found)
  if setup.dp and mixes:
    raise ValueError(
      f"{settings.model} normalises by batches, which mixes examples: with --dp take a network "
      "without batch-norm, such as mlp or vit_b16"
    )
  backbone: Any = ()
  if settings.pretrained:
    backbone, hashes["pretrained"] = _published(settings.model, settings.pretrained)
  if settings.cache_features:
    weights = hashes["pretrained"]
    sources = [_as_features(d, settings, backbone, weights) for d in sources]
    target = _as_features(target, settings, backbone, weights)
    settings, backbone = backbone_features.above(settings), ()
    model = models.bind(settings.model)
  scale, (*sources, target) = standardised([*sources, target])
  if hidden:  # no more of them than shapes take
    target = unseen.hidden(sources, target, settings.batch_size)
  return TaskData(tuple(sources), target, settings, hashes, model, backbone, sets, scale, hidden)


def _check_output(setup: Setup, sets: ClassSets | None) -> None:
  """Refuses settings that have no meaning for the output."""
  kind, settings = outputs.kind(setup.output), setup.settings
  if kind == "pixels" and (settings.image_size or settings.augment != "none" or sets):
    raise ValueError(
      "--image-size, --augment and --classes would have to change masks too, which they do not: leave "
      "them out, and bring images and masks to one size beforehand"
    )
  if kind == "labels" and sets:
    raise ValueError(
      "--classes says which classes a side has, and --output is labels: leave it out"
    )


def _check_settings(settings: Settings, target: Domain) -> None:
  """Refuses incompatible settings; ValueError names the remedy."""
  if settings.augment not in named_views.names():
    raise ValueError(catalogue.unknown("augment", settings.augment, named_views.names()))
  image = kind_of(target) == "image"
  if settings.augment != "none" and not (image and settings.image_size):
    raise ValueError(
      f"--augment {settings.augment} crops images: "
      + ("give --image-size" if image else f"{target.name} has none, leave it out")
    )
  if not 0 <= settings.image_size <= _LARGEST:
    raise ValueError(f"--image-size {settings.image_size}: give 1 to {_LARGEST} pixels")
  if settings.image_size and not image:
    raise ValueError(f"--image-size needs images, and {target.name} has none: leave it out")
  if settings.freeze not in ("none", "norm", "backbone"):
    raise ValueError(f"unknown freeze '{settings.freeze}': choose none, norm or backbone")
  asked = {
    "--pretrained": settings.pretrained != "",
    "--freeze": settings.freeze != "none",
    "--backbone-rate": settings.backbone_rate != 1.0,
  }
  for flag in [flag for flag, on in asked.items() if on]:
    if not models.has_backbone(settings.model):
      known = ", ".join(n for n in models.names() if models.has_backbone(n))
      raise ValueError(f"{flag} needs a backbone, and {settings.model} has none: --model {known}")
  if settings.freeze == "backbone" and not settings.pretrained:
    raise ValueError("--freeze backbone without --pretrained leaves it random: add --pretrained")
  if settings.cache_features and not (
    settings.freeze == "backbone" and settings.pretrained and settings.augment == "none"
  ):
    raise ValueError(
      "--cache-features needs a backbone that stays as it is: add --freeze backbone and "
      "--pretrained, and leave out --augment"
    )


@functools.lru_cache(maxsize=2)
def _published(model: str, what: str) -> tuple[Any, str]:
  """Published variables of a backbone, and what tells them from others."""
  from adapt.models import pretrained

  variables = pretrained.load(model, what)
  digest = hashlib.sha256()
  for path, leaf in jax.tree_util.tree_leaves_with_path(variables):
    digest.update(jax.tree_util.keystr(path).encode())
    digest.update(np.ascontiguousarray(leaf).data)
  return variables, digest.hexdigest()[:16]


# By the identity of inputs; the value holds them, which keeps the identity their own.
_made: dict[tuple[Any, ...], tuple[Any, Any]] = {}
_KEPT = 64  # entries: a suite's domains at one size, with their features


def forget() -> None:
  """Forgets what was made of inputs, which may have changed in place."""
  _made.clear()


def _once(x: Any, what: tuple[Any, ...], make: Callable[[], Any]) -> Any:
  """Returns a cached value derived from inputs, or computes it.

  The methods and tasks of a suite share it.
  """
  key = (id(x), *what)
  if key not in _made:
    if len(_made) >= _KEPT:
      del _made[next(iter(_made))]
    _made[key] = x, make()
  return _made[key][1]


def _taken(x: Any, rows: np.ndarray) -> Any:
  # Features are extracted once for inputs of one identity.
  which = hashlib.sha256(rows.tobytes()).hexdigest()
  return _once(x, ("rows", which), lambda: images.take(x, rows))


def _at_size(domain: Domain, settings: Settings) -> Domain:
  """Resizes images to the network's size, or larger for crops.

  Where crops are taken, they are an eighth larger.
  """
  if not settings.image_size:
    return domain
  side = settings.image_size
  if settings.augment != "none":
    side = round(side * 8 / 7)  # 256 for 224, as the literature has it
  return _each_split(domain, ("size", side), lambda x: images.resized(x, side))


def _each_split(domain: Domain, what: tuple[Any, ...], f: Callable[[Any], Any]) -> Domain:
  """Applies f to both splits' inputs; `what` is its cache key."""
  train, test = (
    Split(_once(split.x, what, functools.partial(f, split.x)), split.y)
    for split in (domain.train, domain.test)
  )
  return domain._replace(train=train, test=test)


def _as_features(domain: Domain, settings: Settings, backbone: Any, weights: str) -> Domain:
  what = ("features", settings.model, weights, settings.precision)

  def extract(x: Any) -> np.ndarray:
    return backbone_features.extract(x, settings, backbone, weights, _digest(x, len(x)))

  return _each_split(domain, what, extract)._replace(kind="vector")


def fingerprint(domain: Domain) -> str:
  """Hashes a domain's examples to 16 hexadecimal digits, for the record."""
  digest = hashlib.sha256()
  for split in domain.train, domain.test:
    digest.update(_once(split.x, ("digest",), functools.partial(_digest, split.x)))
    digest.update(b"-" if split.y is None else np.ascontiguousarray(split.y).data)
  if domain.groups is not None:
    digest.update("\n".join(domain.groups.tolist()).encode())
  return digest.hexdigest()[:16]


def _digest(x: Any, most: int = _HASHED) -> bytes:
  """Hashes inputs, or an evenly spaced sample of encoded images.

  At most `most` encoded images are read.
  """
  if not isinstance(x, images.Images):
    return hashlib.sha256(np.ascontiguousarray(x).data).digest()
  digest = hashlib.sha256(f"{len(x)} images".encode())
  for i in np.linspace(0, len(x) - 1, min(len(x), most)).astype(int):
    digest.update(x.encoded(int(i)))
  return digest.digest()
