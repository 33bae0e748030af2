"""Run the experiments of a command line.

It makes experiments from flags, and shows progress and a table. It returns the exit code.
"""

import argparse
import functools
import sys
from collections.abc import Sequence
from typing import Any

from adapt import catalogue, data, methods, outputs, tuning, weights
from adapt.cli import flags, text
from adapt.cli.reporting import Reporting
from adapt.experiments import grid, search
from adapt.experiments import recipe as recipes
from adapt.experiments.choices import usual_settings
from adapt.experiments.experiment import Experiment
from adapt.experiments.plan import Domains
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite, Task
from adapt.report import remarks, terminal, worst
from adapt.report.summary import judged
from adapt.training import bounds, devices, dp_sgd, hosts, optimizers
from adapt.training.setup import Feed

DIVERGED = 3  # exit code


def run_suite(
  suite: Suite,
  tasks: Sequence[Task],
  names: Sequence[str],
  arguments: argparse.Namespace,
  domains: Domains | None = None,
) -> int:
  """Runs every method on every task and prints the table.

  Returns:
    The exit code: 0, or 3 if a seed's loss diverged.

  Raises:
    ValueError: bad input, before anything is trained.
  """
  if domains is None:
    domains = functools.cache(lambda name: data.load(name, arguments.data_dir))
  if arguments.batch_tasks and arguments.wandb != "off":
    raise ValueError("--wandb follows one task at a time: leave out --batch-tasks")
  made = experiments_of(suite, tasks, names, arguments)
  return run_parts([(made, domains)], arguments, suite.measure)


def run_parts(
  parts: Sequence[tuple[Sequence[Experiment], Domains]],
  arguments: argparse.Namespace,
  measure: str | None = None,
) -> int:
  """Runs parts whose domains load differently, and prints one table.

  Returns and errors are those of `run_suite`; all parts are checked before the first is trained.
  """
  for kind in (
    {outputs.kind(e.output) for made, _ in parts for e in made} if arguments.measure else ()
  ):
    outputs.check_measure(arguments.measure, kind)
  options = options_of(arguments)
  checked = [(grid.grouped(made, domains, options), domains) for made, domains in parts]
  every = [group for groups, _ in checked for group in groups]
  records = []
  with Reporting(every, options.out, arguments.wandb, arguments.show_target) as reporter:
    for groups, domains in checked:
      records += grid.run(groups, domains, options, reporter)
  return show(records, arguments.measure or measure)


def options_of(arguments: argparse.Namespace) -> grid.Options:
  """Return the grid options of a command line."""
  return grid.Options(
    arguments.out,
    arguments.force,
    arguments.checkpoint_minutes,
    arguments.batch_tasks,
    arguments.parallel,
    arguments.devices,
  )


def show(records: Sequence[dict[str, Any]], measure: str | None = None) -> int:
  """Print the table of finished cells.

  It is of the main measure, or of the one that is named.

  Returns the exit code: 0, or 3 if a seed's loss diverged.
  """
  if hosts.leads():
    shown = [judged(r, measure) for r in records] if measure else records
    text.console().print(terminal.table(shown))
    for line in (
      *terminal.expectations(records),
      *terminal.privacy(records),
      *terminal.searched(records),
      *worst.lines(shown),
      *remarks.remarks(shown),
    ):
      text.console().print(line)
  for r in records if hosts.leads() else ():
    for seed, step in r["diverged"].items():
      print(
        f"error: the loss of {r['label']} on {r['task']} is not finite from step {step} on with "
        f"seed {seed}, which stays as it was before: lower --lr; the other seeds are kept",
        file=sys.stderr,
      )
  return DIVERGED if any(r["diverged"] for r in records) else 0


def experiments_of(
  suite: Suite, tasks: Sequence[Task], names: Sequence[str], arguments: argparse.Namespace
) -> list[Experiment]:
  """Build the experiments of a command line.

  Raises:
    ValueError: flags that do not go together.
  """
  pairs = [(task, name) for task in tasks for name in names]
  if arguments.recipe == recipes.PAPER and len(tasks) == len(suite.tasks):  # none was asked for
    there = {(task, r.method) for r in suite.recipes for task in r.tasks}
    with_one = [(task, name) for task, name in pairs if (task.name, name) in there]
    pairs = with_one if {name for _, name in with_one} == set(names) else pairs
  made = [experiment_of(suite, task, name, arguments) for task, name in pairs]
  if arguments.sampler == "grid" and not arguments.sweep:
    raise ValueError("--sampler grid needs values to try: give --sweep NAME=A,B,…")
  known = {p.name for name in names for p in catalogue.parameters(methods.get(name))} | {"lr"}
  if unknown := set(_sweep(arguments.sweep)) - known:
    raise ValueError(f"nothing to sweep named {', '.join(unknown)}: choose from {', '.join(known)}")
  return made


def experiment_of(suite: Suite, task: Task, name: str, arguments: argparse.Namespace) -> Experiment:
  """Builds the experiment of one method on one task.

  ValueError says which flags do not go together.
  """
  given = vars(arguments)
  recipe = recipes.chosen(suite.recipes, arguments.recipe, name, task.name, suite.name)
  settings = usual_settings(suite, recipe)._replace(**arguments.settings)
  takes = {p.name for p in catalogue.parameters(methods.get(name))}

  def of(prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}

  own = {n: v for n, v in of("method.").items() if n in takes}
  if arguments.null:
    own |= _null(name, takes, own, arguments)
  kind, batch, seeds = arguments.parallel, settings.batch_size, arguments.seeds
  made = resolve(
    suite,
    task,
    name,
    settings,
    range(seeds),
    given=own,
    sweep={n: v for n, v in _sweep(arguments.sweep).items() if n in takes | {"lr"}},
    weighting=weights.bind(arguments.weights, **of("weights.")) if arguments.weights else None,
    tuning=tuning.bind(arguments.tuning, **of("tuning.")),
    optimizer=optimizers.bind(settings.optimizer, **of("optimizer.")),
    start=arguments.start,
    layout=devices.layout(kind, arguments.devices, batch, seeds),
    validator=arguments.validator,
    decision=arguments.decision,
    output=outputs.bind(flags.output(arguments, suite), **of("output.")),
    feed=Feed(arguments.feed, arguments.workers),
    recipe=recipe or recipes.SUITE,
    dp=dp_sgd.parsed(arguments.dp),
    save_model=arguments.save_model,
  )
  return search.searching(made, arguments.search, arguments.sampler)


def _null(
  name: str, takes: set[str], own: dict[str, Any], arguments: argparse.Namespace
) -> dict[str, float]:
  """Null control of a method: adaptation weight set to 0."""
  if "weight" not in takes:
    raise ValueError(f"{name} has no weight of an adaptation term: leave out {name} or --null")
  if "weight" in own or "weight" in _sweep(arguments.sweep):
    raise ValueError("--null puts the weight at 0: leave out --weight and its sweep, or --null")
  return {"weight": 0.0}


def _sweep(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
  sweep: dict[str, tuple[float, ...]] = {}
  for asked in texts:
    name, equals, values = asked.partition("=")
    try:
      sweep[name] = tuple(bounds.number(v) for v in values.split(","))
    except ValueError as error:
      raise ValueError(f"--sweep {asked} is not NAME=A,B,…: e.g. --sweep weight=0.1,1") from error
    if wrong := next(filter(None, (bounds.error(v, bounds.ANY[float]) for v in sweep[name])), None):
      raise ValueError(f"--sweep {asked}: {wrong}, e.g. --sweep weight=0.1,1")
    if not equals or len(set(sweep[name])) < len(sweep[name]):
      raise ValueError(f"--sweep {asked} needs different values, e.g. --sweep weight=0.1,1")
  return sweep
