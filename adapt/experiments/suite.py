"""What a benchmark declares: its tasks, the settings all methods share, and the published numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Settings(NamedTuple):
  """How every method of a suite is trained. Each attribute is a command-line flag of its name.

  Attributes:
    model: network, a name in adapt/models.
    steps: optimiser steps.
    batch_size: source examples per step, and as many target examples.
    optimizer: sgd (Nesterov momentum) or adam.
    lr: initial learning rate.
    momentum: momentum of sgd.
    weight_decay: L2 penalty, added to the gradient.
    schedule: inverse, that is lr / (1 + 10 progress)^0.75, cosine or constant.
    evaluations: evaluations, evenly spaced; the last one is the headline.
    shots: labelled target examples per class, for methods that read them.
    precision: f32 or bf16 compute; parameters stay float32.
    image_size: height and width at which the network sees images; 0 means as they are.
    augment: random views of training images: none, crop, centre or jitter (adapt/augment.py).
    pretrained: published weights of the backbone, a name or a .safetensors or .pth file.
    backbone_rate: learning rate of the backbone relative to the rest.
    freeze: none; norm, the backbone's batch statistics stay as published; or backbone, all of it.
    cache_features: extract a frozen backbone's features once and train what stands above it.
  """

  model: str = "lenet"
  steps: int = 2000
  batch_size: int = 64
  optimizer: str = "sgd"
  lr: float = 0.01
  momentum: float = 0.9
  weight_decay: float = 0.001
  schedule: str = "inverse"
  evaluations: int = 10
  shots: int = 0
  precision: str = "f32"
  image_size: int = 0
  augment: str = "none"
  pretrained: str = ""
  backbone_rate: float = 1.0
  freeze: str = "none"
  cache_features: bool = False


class ClassSets(NamedTuple):
  """Which classes each side has, as numbers of them in the order of the data's class list.

  First those that both sides have, then those of the source alone, then those of the target alone;
  classes after those are left out. So do the published protocols count, in alphabetical order.
  """

  shared: int
  source_private: int = 0
  target_private: int = 0  # together they are the class "unknown", which no source example has

  @property
  def relation(self) -> str:
    """closed, partial (the source has more), open (the target has more) or universal (both have)."""
    if self.target_private:
      return "universal" if self.source_private else "open"
    return "partial" if self.source_private else "closed"


class Task(NamedTuple):
  """One source→target pair; several sources make a multi-source task."""

  name: str
  source: tuple[str, ...]  # names for adapt.data.load
  target: str
  classes: ClassSets | None = None  # None: both sides have the classes that their data have

  @property
  def relation(self) -> str:
    """How the domains' classes relate, one of what `Method.serves` lists."""
    return self.classes.relation if self.classes else "closed"

  @property
  def unknown(self) -> bool:
    """Whether target examples may be of a class that no source has."""
    return self.relation in ("open", "universal")


class Reported(NamedTuple):
  """One published row, in percent, with where it comes from and what its protocol was."""

  label: str  # as printed in the paper
  beside: str  # the record label it stands beside, e.g. "dann"
  source: str  # paper and table
  protocol: str
  accuracy: Mapping[str, float]  # by task name
  cause: str = ""  # why ours differs, as far as experiments have shown it


class Suite(NamedTuple):
  """A runnable benchmark."""

  name: str
  tasks: tuple[Task, ...]
  settings: Settings
  protocol: str  # one sentence: splits, preprocessing, selection
  reported: tuple[Reported, ...] = ()
  defaults: Mapping[str, Mapping[str, Any]] = {}  # method -> hyper-parameters the suite sets
  select: str = "last"  # the evaluation that its tables show: last, or a label-free validator

  def task(self, name: str) -> Task:
    """The task of that name; ValueError with the list of names if there is none."""
    for task in self.tasks:
      if task.name == name:
        return task
    names = ", ".join(t.name for t in self.tasks)
    raise ValueError(f"no task '{name}' in suite {self.name}: choose from {names}")


# Where a user's own data says nothing else: feature vectors and images are trained like the suites
# of their kind, Amazon reviews and digits. Both learning rates are those with the best accuracy on
# held-out source examples (of 0.01, 0.03, 0.1, for images also 0.2, source_only); no target was asked.
VECTORS = Settings(model="mlp", steps=1000, lr=0.03, weight_decay=0.0)
IMAGES = Settings(model="lenet", lr=0.1)
# Photographs, as TLlib trains Office-31 and Office-Home: a pretrained ResNet-50 whose backbone moves
# at a tenth of the rate of what is new, 20 epochs of 1,000 steps, random resized crops of 224 pixels.
PHOTOS = Settings(
  model="resnet50",
  steps=20000,
  batch_size=32,
  lr=0.01,
  weight_decay=0.001,
  evaluations=20,
  image_size=224,
  augment="crop",
  pretrained="resnet50",
  backbone_rate=0.1,
)


def pairs(prefix: str, domains: Sequence[str]) -> tuple[Task, ...]:
  """Every ordered pair of the domains: task s_t goes from {prefix}s to {prefix}t."""
  ordered = [(s, t) for s in domains for t in domains if s != t]
  return tuple(Task(f"{s}_{t}", (prefix + s,), prefix + t) for s, t in ordered)


def row(
  label: str,
  beside: str,
  source: str,
  protocol: str,
  tasks: Sequence[str],
  percents: str,
  cause: str = "",
) -> Reported:
  """A published row, its numbers in one text in the order of the tasks; "-" where there is none."""
  values = zip(tasks, percents.split(), strict=True)
  accuracy = {task: float(value) for task, value in values if value != "-"}
  return Reported(label, beside, source, protocol, accuracy, cause)
