"""What a benchmark declares: its tasks, the settings all methods share, and the published numbers."""

from collections.abc import Mapping
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


class Task(NamedTuple):
  """One source→target pair; several sources make a multi-source task."""

  name: str
  source: tuple[str, ...]  # names for adapt.data.load
  target: str


class Reported(NamedTuple):
  """One published row, in percent, with where it comes from and what its protocol was."""

  label: str  # as printed in the paper
  beside: str  # the record label it stands beside, e.g. "dann"
  source: str  # paper and table
  protocol: str
  accuracy: Mapping[str, float]  # by task name


class Suite(NamedTuple):
  """A runnable benchmark."""

  name: str
  tasks: tuple[Task, ...]
  settings: Settings
  protocol: str  # one sentence: splits, preprocessing, selection
  reported: tuple[Reported, ...] = ()
  defaults: Mapping[str, Mapping[str, Any]] = {}  # method -> hyper-parameters the suite sets

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
