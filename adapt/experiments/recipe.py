"""Recipes: the settings of a method's own paper.

A suite's settings are the same for all methods.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from adapt import catalogue
from adapt.training.settings import Settings

SUITE, PAPER = NAMES = ("suite", "paper")  # what `--recipe` takes
SUFFIX = f"-recipe={PAPER}"  # of the label that a record by recipe has


class Recipe(NamedTuple):
  """What a method's paper, or its authors' code, sets on some tasks.

  Both mappings are by name: a setting's, or that of a hyper-parameter of the method; of the source
  model also `smoothing`, of its labels.
  """

  method: str
  tasks: tuple[str, ...]
  source: str  # section of the paper, or file of the authors' code with its commit
  changes: Mapping[str, Any]
  source_model: Mapping[str, Any] = {}  # the model that the method starts from, where it is another
  departs: str = ""  # what the paper does and cannot be set here
  target_labels: str = ""  # what its authors chose by labels of the target
  rows: tuple[str, ...] = ()  # labels of the published rows that it made; (): all beside the method

  @property
  def settings(self) -> dict[str, Any]:
    """The training settings among the changes."""
    return {n: v for n, v in self.changes.items() if n in Settings._fields}

  @property
  def hyperparameters(self) -> dict[str, Any]:
    """The method's hyper-parameters among the changes."""
    return {n: v for n, v in self.changes.items() if n not in Settings._fields}

  def makes(self, row: str) -> bool:
    """Whether the published row of that label was made by this recipe."""
    return not self.rows or row in self.rows

  @property
  def said(self) -> str:
    """Where it comes from, and what is to be known of it."""
    text = f"by the recipe of {self.source}"
    if self.departs:
      text += f"; departs in {self.departs}"
    return text + (f"; chosen by target labels: {self.target_labels}" if self.target_labels else "")


def chosen(
  recipes: Iterable[Recipe], name: str, method: str, task: str, suite: str
) -> Recipe | None:
  """The recipe of that name for a method on a task.

  It is None for "suite".

  Args:
    recipes: those of the suite.
    name: "suite" or "paper".
    method: its name.
    task: its name.
    suite: its name, for the message.

  Raises:
    ValueError: no such name, or no recipe for the method on the task.
  """
  if name not in NAMES:
    raise ValueError(catalogue.unknown("recipe", name, NAMES))
  if name == SUITE:
    return None
  every = list(recipes)
  for recipe in every:
    if recipe.method == method and task in recipe.tasks:
      return recipe
  elsewhere = [t for r in every if r.method == method for t in r.tasks]
  others = sorted({r.method for r in every if task in r.tasks})
  known = (
    f"only on {', '.join(elsewhere)}" if elsewhere else f"only {', '.join(others) or 'nobody'}"
  )
  raise ValueError(
    f"{method} has no recipe on {task} in suite {suite}, {known}: leave it out, or --recipe suite"
  )
