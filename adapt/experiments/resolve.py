"""Resolves experiments: names to objects, and defaults."""

from collections.abc import Mapping, Sequence
from typing import Any

import optax

from adapt import methods, models, outputs, validators, weights
from adapt import tuning as tunings
from adapt.catalogue import Bound
from adapt.experiments import recipe as recipes
from adapt.experiments import refusals
from adapt.experiments.choices import Named, usual_settings
from adapt.experiments.experiment import Experiment
from adapt.experiments.points import usual_start
from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import Suite, Task
from adapt.training import optimizers
from adapt.training.settings import Settings


def resolve(
  suite: Suite,
  task: Task,
  method: Named,
  settings: Settings | None = None,
  seeds: Sequence[int] = (0,),
  *,
  given: Mapping[str, Any] = {},
  model: Bound | None = None,
  weighting: Named | None = None,
  tuning: Named = "full",
  optimizer: Named | optax.GradientTransformation | None = None,
  start: str | None = None,
  validator: str | None = None,
  output: str | Bound = outputs.CLASSES,
  recipe: Recipe | str = recipes.SUITE,
  **others: Any,
) -> Experiment:
  """Resolves names to objects, fills defaults, and refuses nonsense.

  Args:
    suite: of the task.
    task: source and target.
    method: a name, or a factory of one's own.
    settings: those of the suite, or of the recipe, if None.
    seeds: all different.
    given: hyper-parameters of the method that are not at their defaults.
    model: the network; `settings.model` names it if None.
    weighting: of the source examples; None: all count alike.
    tuning: what moves, and from where.
    optimizer: a name, a factory, or a transformation of optax's with a learning rate of its own;
      `settings.optimizer` names it if None.
    start: scratch or source; None: what the tuning needs, else the method's own way.
    validator: which score selects among evaluations; None: the usual one of the output kind.
    output: what is predicted: classes, values, pixels, labels, or a user's own.
    recipe: "suite", "paper" or one of the suite's recipes: whose settings and hyper-parameters count
      where nothing else is said.
    others: further fields of `Experiment`.

  Raises:
    ValueError: one line with the remedy.
  """
  followed = recipe if isinstance(recipe, Recipe) else _recipe(suite, task, method, recipe)
  settings = usual_settings(suite, followed) if settings is None else settings
  bound, network = methods.bind(method), model or models.bind(settings.model)
  predicts = outputs.bind(output)
  optimiser = optimizers.bind(settings.optimizer if optimizer is None else optimizer)
  experiment = Experiment(
    suite=suite,
    task=task,
    method=bound._replace(given={**bound.given, **given}),
    settings=settings._replace(model=network.name, optimizer=optimiser.name),
    seeds=tuple(seeds),
    model=network,
    tuning=tunings.bind(tuning),
    optimizer=optimiser,
    weighting=None if weighting is None else weights.bind(weighting),
    start=start or "",
    validator=validator or validators.default(predicts.name, task.unseen),
    output=predicts,
    recipe=followed,
    **others,
  )
  refusals.refuse_unknown(experiment)
  experiment = experiment._replace(start=start or usual_start(experiment))
  _ = experiment.points  # refuses what has no meaning
  return experiment


def _recipe(suite: Suite, task: Task, method: Named, name: str) -> Recipe | None:
  return recipes.chosen(suite.recipes, name, methods.bind(method).name, task.name, suite.name)
