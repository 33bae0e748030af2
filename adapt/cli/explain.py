"""`adapt reproduce --explain`: what a recipe's settings are worth."""

import argparse
import functools
import statistics
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from adapt import data
from adapt.cli import main, run, text
from adapt.cli.command import Parser
from adapt.cli.reporting import Reporting
from adapt.data import Domain
from adapt.experiments import ablation, grid
from adapt.experiments import recipe as recipes
from adapt.experiments.experiment import Experiment
from adapt.experiments.recipe import PAPER, SUFFIX, Recipe
from adapt.experiments.suite import Reported, Suite
from adapt.report import selection
from adapt.training.settings import Settings


class _Run(NamedTuple):
  """A step on the way to a recipe, and the experiment that makes its record."""

  recipe: Recipe
  step: ablation.Step
  experiment: Experiment

  @property
  def key(self) -> tuple[str, str]:
    """Task and label of its record."""
    return self.experiment.task.name, self.experiment.points[0].label


def explain(
  suite: Suite,
  row: str,
  out: str,
  rest: Sequence[str],
  domains: Callable[[str], Domain] | None = None,
) -> int:
  """Runs the missing ablations of a row's recipe, and prints all.

  Args:
    suite: with published rows and recipes.
    row: label of a published row, or its method.
    out: folder of records.
    rest: further flags of `adapt bench`; what is set there is the same in all runs.
    domains: loads a domain by name.

  Returns:
    The exit code: 0, or 3 if a seed's loss diverged.

  Raises:
    ValueError: no such row, or flags that do not go together.
  """
  rows = _rows(suite, row)
  method = rows[0].beside.removesuffix(SUFFIX)
  tasks = [task for one in rows for task in one.accuracy]
  parser = Parser(prog=f"adapt reproduce {suite.name} --explain {row}")
  argv = [method, "--recipe", PAPER, "--out", out, "--task", *dict.fromkeys(tasks), *rest]
  chosen, _, arguments = main.parsed(parser, suite, argv)
  ways = [_way(suite, method, task.name, arguments) for task in chosen]
  records = _records([one for way in ways for one in way], arguments, domains)
  for way in ways:
    task = way[-1].step.task
    theirs = next((one for one in rows if task in one.accuracy), None)
    print("\n".join(_page(suite, way, records, theirs)))
  return run.DIVERGED if any(r["diverged"] for r in records.values()) else 0


def _rows(suite: Suite, name: str) -> list[Reported]:
  """The rows by recipe of that label or method."""
  every = [row for row in suite.reported if row.beside.endswith(SUFFIX)]
  if not every:
    raise ValueError(f"suite {suite.name} has no row by recipe: leave out --explain")
  names = (name.lower(), f"{name.lower()}{SUFFIX}")
  found = [row for row in every if row.label.lower() in names or row.beside.lower() in names]
  if not found:
    known = dict.fromkeys(f"{row.label} ({row.beside.removesuffix(SUFFIX)})" for row in every)
    raise ValueError(f"no row '{name}' by recipe in suite {suite.name}: choose {', '.join(known)}")
  return [row for row in found if row.beside == found[0].beside]


def _way(suite: Suite, method: str, task: str, arguments: argparse.Namespace) -> list[_Run]:
  """The runs from the suite's settings to the recipe's on a task."""
  recipe = recipes.chosen(suite.recipes, PAPER, method, task, suite.name)
  assert recipe is not None  # "paper" names one, or is refused
  own = {n.removeprefix("method.") for n in vars(arguments) if n.startswith("method.")}
  made = []
  for step in ablation.steps(suite, recipe, task, {*arguments.settings, *own}):
    asked = argparse.Namespace(**vars(arguments))
    asked.recipe = step.recipe
    asked.settings = {n: v for n, v in step.changes.items() if n in Settings._fields}
    asked.settings |= arguments.settings
    for name, value in step.changes.items():
      if name not in Settings._fields:
        setattr(asked, f"method.{name}", value)
    made.append(_Run(recipe, step, run.experiment_of(suite, suite.task(step.task), method, asked)))
  return made


def _records(
  runs: Sequence[_Run], arguments: argparse.Namespace, domains: Callable[[str], Domain] | None
) -> dict[tuple[str, str], dict[str, Any]]:
  """The records of all runs by task and label; what has one is not run again."""
  if domains is None:
    domains = functools.cache(lambda name: data.load(name, arguments.data_dir))
  options = run.options_of(arguments)
  experiments = list({one.key: one.experiment for one in runs}.values())
  groups = grid.grouped(experiments, domains, options)
  with Reporting(groups, options.out, arguments.wandb, arguments.show_target) as reporter:
    made = grid.run(groups, domains, options, reporter)
  return {(r["task"], r["label"]): r for r in made}


def _page(
  suite: Suite,
  way: Sequence[_Run],
  records: dict[tuple[str, str], dict[str, Any]],
  theirs: Reported | None,
) -> list[str]:
  """The lines of one task."""
  recipe, task = way[-1].recipe, way[-1].step.task
  shown = [("step", "accuracy", "difference")]
  before: float | None = None
  for one in way:
    values = selection.picked(records[one.key], suite.select)["last"]["accuracy"]
    mean = None if None in values else 100 * statistics.fmean(values)
    spread = f" ± {100 * statistics.stdev(values):.1f}" if mean is not None and values[1:] else ""
    shown.append(
      (one.step.name, "diverged" if mean is None else f"{mean:.1f}{spread}", _gain(mean, before))
    )
    before = mean
  if theirs is not None:
    shown.append(
      ("published", f"{theirs.accuracy[task]:.1f}", _gain(theirs.accuracy[task], before))
    )
  seeds = len(way[0].experiment.seeds)
  title = (
    f"{recipe.method} on {task}, percent, {seeds} {'seed' if seeds == 1 else 'seeds'}; each step "
  )
  title += f"keeps those before it; {recipe.said}"
  said = [(one.step.name, _changes(one.step)) for one in way if one.step.new]
  return [text.paragraph(title), "", *text.columns(shown, flexible=0), "", text.pairs(said), ""]


def _gain(mean: float | None, before: float | None) -> str:
  return "" if mean is None or before is None else f"{mean - before:+.1f}"


def _changes(step: ablation.Step) -> str:
  """What a step sets, e.g. "lr 0.1 → 0.01, steps 2000 → 9370"."""
  return ", ".join(f"{n} {before} → {after}" for n, (before, after) in step.new.items())
