"""The way from a suite's settings to a paper's recipe.

One group of settings comes after the other.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from adapt.experiments.recipe import PAPER, SUITE, Recipe
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite

# In this order, each beside what came before it. Before them come framing and split of the data,
# after them what else the method takes, and last the model that it starts from.
GROUPS = {
  "rate": ("lr", "optimizer", "momentum", "weight_decay", "schedule", "backbone_rate", "freeze"),
  "budget": ("steps", "batch_size"),
  "augmentation": ("augment", "image_size", "mirror", "noise"),
  "head": ("model", "width", "depth", "dropout"),
  "pass": ("passes",),
}
OTHERS, SOURCE_MODEL = "method", "source model"


class Step(NamedTuple):
  """One run on the way."""

  name: str  # "suite", "framing", "split", of `GROUPS`, "method" or "source model"
  task: str
  changes: dict[str, Any]  # from the suite's settings, all up to here; of the last one none
  new: dict[str, tuple[Any, Any]]  # name -> (before, by the recipe)
  recipe: str = SUITE  # of the last one "paper", which is the recipe's own run


def steps(suite: Suite, recipe: Recipe, task: str, given: Collection[str] = ()) -> list[Step]:
  """The runs on the way to a recipe on a task.

  The first one is the suite's, the last the recipe's.

  Args:
    suite: with the recipe.
    recipe: the last run's.
    task: one of the recipe's.
    given: settings and hyper-parameters that the user sets in all of them, and so none differ in.
  """
  plain = resolve(suite, suite.task(task), recipe.method)
  usual = {**plain.settings._asdict(), **plain.defaults}
  apart = {n: v for n, v in recipe.changes.items() if n not in given and v != usual[n]}
  first, kind = suite.variants.get(task, (task, ""))
  made = [Step(SUITE, first, {}, {})]
  if kind:
    made.append(Step(kind, task, {}, {"task": (first, task)}))
  grouped = {name for names in GROUPS.values() for name in names}
  groups = {**GROUPS, OTHERS: tuple(n for n in apart if n not in grouped)}
  for name, members in groups.items():
    new = {n: (usual[n], apart[n]) for n in members if n in apart}
    if new:
      changes = {**made[-1].changes, **{n: after for n, (_, after) in new.items()}}
      made.append(Step(name, task, changes, new))
  own = {n: v for n, v in recipe.source_model.items() if n not in given}
  if own:
    before = {**usual, "smoothing": 0.0, **recipe.changes}
    new = {n: (before.get(n), v) for n, v in own.items()}
    made.append(Step(SOURCE_MODEL, task, {}, new))
  made[-1] = made[-1]._replace(changes={}, recipe=PAPER)
  return made
