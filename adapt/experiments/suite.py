"""Declarations of benchmarks: tasks, shared settings, and published numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapt import catalogue
from adapt.data.label_sets import ClassSets
from adapt.experiments.recipe import SUFFIX, Recipe
from adapt.training.settings import Settings

LEAVE_ONE_OUT = "leave-one-out"  # what `--protocol` and a record call tasks whose target is unseen


class Task(NamedTuple):
  """One source→target pair; several sources make a multi-source task."""

  name: str
  source: tuple[str, ...]  # names for adapt.data.load
  target: str
  classes: ClassSets | None = None  # None: both sides have the classes that their data have
  unseen: bool = False  # leave-one-domain-out: nothing of the target is there in training

  @property
  def relation(self) -> str:
    """How the domains' classes relate, one of what `Method.serves` lists."""
    return self.classes.relation if self.classes else "closed"

  @property
  def unknown(self) -> bool:
    """Whether target examples may be of a class that no source has."""
    return self.relation in ("open", "universal")


class Reported(NamedTuple):
  """One published row, in percent, with its source and protocol."""

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
  measure: str = ""  # that its tables show; "": the main one of its output kind
  output: str = "classes"  # what is predicted, one of adapt/outputs
  about: str = ""  # one line for lists and pages; "": the first of its file's docstring
  select: str = "last"  # the evaluation that its tables show: last, or a label-free validator
  recipes: tuple[Recipe, ...] = ()  # the papers' own settings, by method and task
  # Task -> (the task whose data it has, framed or split otherwise; "framing" or "split").
  variants: Mapping[str, tuple[str, str]] = {}

  def task(self, name: str) -> Task:
    """The task of that name; ValueError lists the names otherwise."""
    for task in self.tasks:
      if task.name == name:
        return task
    names = [t.name for t in self.tasks]
    near = catalogue.meant(name, names)
    raise ValueError(f"no task '{name}' in suite {self.name}{near}: choose from {', '.join(names)}")


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
  """Every ordered pair of the domains.

  Task s_t goes from {prefix}s to {prefix}t.
  """
  ordered = [(s, t) for s in domains for t in domains if s != t]
  return tuple(Task(f"{s}_{t}", (prefix + s,), prefix + t) for s, t in ordered)


def others(prefix: str, domains: Sequence[str]) -> tuple[Task, ...]:
  """All domains but one to that one, for each.

  Task others_t goes from every other {prefix}s to {prefix}t.
  """
  names = [prefix + d for d in domains]
  return tuple(
    Task(f"others_{d}", tuple(n for n in names if n != own), own)
    for d, own in zip(domains, names, strict=True)
  )


def by_recipe(suite: Suite) -> tuple[Reported, ...]:
  """A suite's published rows once more, beside records by recipe."""
  found = []
  for row in suite.reported:
    own = [r for r in suite.recipes if r.method == row.beside and r.makes(row.label)]
    tasks = {task for recipe in own for task in recipe.tasks}
    if accuracy := {task: value for task, value in row.accuracy.items() if task in tasks}:
      protocol, beside = f"{row.protocol}; ours by the paper's recipe", f"{row.beside}{SUFFIX}"
      found.append(row._replace(beside=beside, accuracy=accuracy, protocol=protocol, cause=""))
  return tuple(found)


def row(
  label: str,
  beside: str,
  source: str,
  protocol: str,
  tasks: Sequence[str],
  percents: str,
  cause: str = "",
) -> Reported:
  """A published row, its numbers in one text.

  They are in the order of the tasks; "-" where there is none.
  """
  values = zip(tasks, percents.split(), strict=True)
  accuracy = {task: float(value) for task, value in values if value != "-"}
  return Reported(label, beside, source, protocol, accuracy, cause)
