"""Resolves experiments: names to objects, defaults, points, configuration and labels."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import optax

from adapt import methods, models, outputs, validators, weights
from adapt import tuning as tunings
from adapt.augment import named_views
from adapt.catalogue import Bound
from adapt.experiments import recipe as recipes
from adapt.experiments import sense
from adapt.experiments.experiment import Experiment, Named, usual_settings
from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import Suite, Task
from adapt.method import Method
from adapt.records import identity, record
from adapt.training import optimizers
from adapt.training.settings import Settings
from adapt.training.setup import Point, traits

_MOST = 1000  # swept combinations in one program


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
  """Resolves what is asked for: names become objects, defaults are filled, nonsense is refused.

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
    output: what is predicted: classes, values.
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
  moves = optimizers.bind(settings.optimizer if optimizer is None else optimizer)
  made = Experiment(
    suite=suite,
    task=task,
    method=bound._replace(given={**bound.given, **given}),
    settings=settings._replace(model=network.name, optimizer=moves.name),
    seeds=tuple(seeds),
    model=network,
    tuning=tunings.bind(tuning),
    optimizer=moves,
    weighting=None if weighting is None else weights.bind(weighting),
    start=start or "",
    validator=validator or validators.default(predicts.name),
    output=predicts,
    recipe=followed,
    **others,
  )
  sense.refuse_unknown(made)
  made = made._replace(start=start or usual_start(made))
  points(made)
  return made


def _recipe(suite: Suite, task: Task, method: Named, name: str) -> Recipe | None:
  return recipes.chosen(suite.recipes, name, methods.bind(method).name, task.name, suite.name)


def points(experiment: Experiment) -> list[Point]:
  """The records that an experiment makes, one per combination of swept values.

  A search makes one; its label does not say what was searched. Its candidates all have that label.

  Raises:
    ValueError: an unsuitable hyper-parameter, a combination without meaning.
  """
  found, defaults, given = [], experiment.defaults, experiment.method.given
  sense.refuse_unknown(experiment)
  for swept in combinations(experiment):
    lr = swept.get("lr", experiment.settings.lr)
    hyper = {**defaults, **given, **{n: v for n, v in swept.items() if n != "lr"}}
    shown = {} if experiment.search else swept
    changed = {n: v for n, v in {**given, **shown}.items() if v != defaults.get(n)}
    method = traits(experiment.method, hyper)
    sense.refuse(experiment, method)
    found.append(Point(_label(experiment, method, changed), hyper, lr))
  return found


def combinations(experiment: Experiment) -> Sequence[Mapping[str, float]]:
  """What is set at each point beside what is given, all of the same names."""
  if experiment.candidates:
    return experiment.candidates
  if (size := math.prod(map(len, experiment.sweep.values()))) > _MOST:
    raise ValueError(f"--sweep has {size} combinations: give at most {_MOST}")
  every = itertools.product(*experiment.sweep.values())
  return [dict(zip(experiment.sweep, values, strict=True)) for values in every]


def usual_start(experiment: Experiment, method: Method | None = None) -> str:
  """ "scratch" or "source": what the tuning needs, else the method's own way."""
  if method is None:
    method = traits(experiment.method, {**experiment.defaults, **experiment.method.given})
  return "source" if experiment.tuning().needs_start else method.starts


def config(experiment: Experiment, point: Point, data: Mapping[str, str]) -> dict[str, Any]:
  """Everything that determines the numbers; compared when a record exists already."""
  # point.lr may be swept
  warm = _source_model(experiment) if experiment.start == "source" else {}
  by_recipe = {"recipe": experiment.recipe_name} if experiment.recipe else {}
  classes = experiment.task.classes
  sets = {"classes": classes._asdict()} if classes else {}
  search, way, optimizer = experiment.search, experiment.tuning, experiment.optimizer
  return {
    **warm,
    **by_recipe,
    "hyperparameters": point.hyperparameters,
    "weights": _entry(experiment.weighting),
    "tuning": None if way.name == "full" else _entry(way),
    **({"optimizer": {"name": optimizer.name, **optimizer.given}} if optimizer.given else {}),
    "settings": experiment.settings._replace(lr=point.lr)._asdict(),
    "start": experiment.start,
    "seeds": list(experiment.seeds),
    "source": list(experiment.task.source),
    "target": experiment.task.target,
    **sets,
    **({} if experiment.output == outputs.CLASSES else {"output": _entry(experiment.output)}),
    **({"dp": experiment.dp._asdict()} if experiment.dp else {}),
    "data": dict(data),
    # Seeds on devices of their own have the numbers of one device, but for rounding.
    "parallel": "pmap" if experiment.layout.kind == "pmap" else "sharding",
    "devices": experiment.layout.devices,
    "validator": experiment.validator,
    "code": code(experiment),
    **({"search": {**search._asdict(), "validator": experiment.validator}} if search else {}),
  }


def _source_model(experiment: Experiment) -> dict[str, Any]:
  """What a record says of the model that was started from: the settings that are not the method's."""
  own = experiment.source_model
  other = {"source_model": own} if own else {}
  return {"source_lr": experiment.source_settings.lr, **other}


def code(experiment: Experiment) -> dict[str, str]:
  """Digests of the source of what the numbers come from, by kind."""
  known = {kind: identity.digest(source) for kind, source in sources(experiment).items()}
  return {name: digits for name, digits in known.items() if digits is not None}


def sources(experiment: Experiment) -> dict[str, Any]:
  """What `code` is of. Optimizers and views that come with packages are known by their names."""
  entries = {n: getattr(experiment, n) for n in ("method", "model", "weighting", "tuning")}
  found = {n: e.origin or e.factory for n, e in entries.items() if e is not None}
  found["optimizer"] = optimizers.source(experiment.optimizer)
  if experiment.output != outputs.CLASSES:
    found["output"] = experiment.output.factory
  found["augment"] = named_views.source(experiment.settings.augment)
  found |= {f"validator {name}": factory for name, factory in validators.plugged().items()}
  return {kind: source for kind, source in found.items() if source is not None}


def as_chosen(experiment: Experiment, point: Point, made: Mapping[str, Any]) -> Point:
  """The point as the record with that config has it: what a search chose was not asked for."""
  if not experiment.search:
    return point
  own, lr = made["hyperparameters"], made["settings"].get("lr", point.lr)
  chosen = {n: own[n] for n in experiment.search.ranges if n in own}
  return point._replace(hyperparameters={**point.hyperparameters, **chosen}, lr=lr)


def _entry(entry: Bound | None) -> dict[str, Any] | None:
  """A weighting or a tuning as a record has it."""
  return None if entry is None else {"name": entry.name, **entry.arguments}


def without_settings(experiment: Experiment) -> list[Point]:
  """The points under the labels of records from before labels said which settings are not the suite's."""
  return points(experiment._replace(suite=experiment.suite._replace(settings=experiment.settings)))


def _settings(experiment: Experiment, method: Method) -> dict[str, Any]:
  """Settings that are not the suite's, so that networks and budgets can stand in one folder."""
  usual = experiment.usual._asdict()
  # Of published weights counts what they are, not where they lie.
  moved = {
    "pretrained",
    *experiment.sweep,
    *(experiment.search.ranges if experiment.search else ()),
  }
  if "labelled" not in method.reads:
    moved.add("shots")
  own = experiment.settings._asdict()
  return {n: v for n, v in own.items() if v != usual[n] and n not in moved}


def _label(experiment: Experiment, method: Method, changed: dict[str, Any]) -> str:
  changed = {**_settings(experiment, method), **changed}
  chosen = (experiment.weighting, experiment.tuning, experiment.optimizer, experiment.output)
  for entry in filter(None, chosen):
    for name, value in entry.given.items():
      if value != Bound(entry.name, entry.factory).arguments[name]:
        changed[f"{entry.name}-{name}" if name in changed else name] = value
  dp = {} if experiment.dp is None else experiment.dp._asdict()
  changed |= {n: v for n, v in dp.items() if n != "delta"}
  if experiment.recipe:
    changed["recipe"] = experiment.recipe_name
  name, way = experiment.method.name, experiment.tuning.name
  return record.label_of(
    f"{name}+search" if experiment.search else name,
    changed,
    experiment.weighting.name if experiment.weighting else None,
    None if way == "full" else way,
    None if experiment.start == usual_start(experiment, method) else experiment.start,
    "dp" if experiment.dp else None,
  )
