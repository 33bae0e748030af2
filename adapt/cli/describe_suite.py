"""Full description of one suite.

It has its tasks, settings and protocol, and the rows that are published for it.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapt.cli import text
from adapt.cli.bench import Benchmark
from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import Reported, Task
from adapt.training.settings import Settings

_FEW = 4  # numbers of a published row that are shown one by one


def page(benchmark: Benchmark) -> str:
  """Format a suite's full description for the terminal width."""
  suite = benchmark.suite
  parts = [
    text.paragraph(f"{benchmark.name}: {benchmark.title}"),
    f"protocol\n{text.paragraph(suite.protocol, 2)}",
    f"tasks ({len(suite.tasks)})\n{text.pairs([(t.name, _task(t)) for t in suite.tasks], most=40)}",
  ]
  if benchmark.plan:
    parts.append(f"methods, in closed form\n{text.paragraph(', '.join(benchmark.plan.methods), 2)}")
  else:
    parts.append(f"settings\n{text.paragraph(_flags(settings(suite.settings)), 2)}")
  if suite.defaults and not benchmark.plan:
    rows = [(method, _flags(given)) for method, given in suite.defaults.items()]
    parts.append(f"set for methods\n{text.pairs(rows)}")
  if suite.recipes:
    parts.append(f"the papers' own settings (--recipe paper)\n{_recipes(suite.recipes)}")
  if suite.select != "last":
    parts.append(text.paragraph(f"its tables show the evaluation that {suite.select} scores best"))
  if suite.reported:
    parts.append(f"published rows, in percent ({len(suite.reported)})\n{_rows(suite.reported)}")
  parts.append(f"run it\n{text.command(example(benchmark))}")
  return "\n\n".join(parts)


def as_json(benchmark: Benchmark) -> str:
  """Return a suite's full description as JSON."""
  suite = benchmark.suite
  content = {
    "name": benchmark.name,
    "title": benchmark.title,
    "protocol": suite.protocol,
    "select": suite.select,
    "tasks": [
      {**t._asdict(), "classes": t.classes._asdict() if t.classes else None} for t in suite.tasks
    ],
    "settings": suite.settings._asdict(),
    "defaults": {method: dict(given) for method, given in suite.defaults.items()},
    "recipes": [_plain(recipe) for recipe in suite.recipes],
    "variants": {task: list(of) for task, of in suite.variants.items()},
    "methods": list(benchmark.plan.methods) if benchmark.plan else None,
    "reported": [{**r._asdict(), "accuracy": dict(r.accuracy)} for r in suite.reported],
    "example": example(benchmark),
  }
  return json.dumps(content, indent=1, ensure_ascii=False)


def _recipes(recipes: Sequence[Recipe]) -> str:
  """What each recipe sets, and where that is from."""
  lines = []
  for recipe in recipes:
    said = f"{_flags(recipe.changes)} on {', '.join(recipe.tasks)}"
    if recipe.source_model:
      said += f"; the source model with {_flags(recipe.source_model)}"
    lines.append((recipe.method, f"{said}; {recipe.said}"))
  return text.pairs(lines)


def _plain(recipe: Recipe) -> dict[str, Any]:
  plain = {n: dict(v) if isinstance(v, Mapping) else v for n, v in recipe._asdict().items()}
  return {n: list(v) if isinstance(v, tuple) else v for n, v in plain.items()}


def settings(given: Settings) -> dict[str, Any]:
  """Return what a suite sets.

  These are the network, the steps, and what is not as a run would have it.
  """
  usual, always = Settings()._asdict(), ("model", "steps", "batch_size", "lr")
  return {n: v for n, v in given._asdict().items() if n in always or v != usual[n]}


def _flags(given: Mapping[str, Any]) -> str:
  """Format values as typed on the command line."""
  shown = []
  for name, value in given.items():
    flag = name.replace("_", "-")
    if isinstance(value, bool):
      shown.append(f"--{flag}" if value else f"--no-{flag}")
    else:
      shown.append(f"--{flag} {value}")
  return " ".join(shown)


def _task(task: Task) -> str:
  classes = f" ({task.relation})" if task.classes else ""
  return f"{' + '.join(task.source)} → {task.target}{classes}{' (unseen)' * task.unseen}"


def _rows(rows: Sequence[Reported]) -> str:
  """List published rows by source.

  `--json` has the number of each task.
  """
  lines = []
  for source, protocol in dict.fromkeys((r.source, r.protocol) for r in rows):
    mine = [r for r in rows if (r.source, r.protocol) == (source, protocol)]
    lines.append(text.paragraph(f"{source}; {protocol}", 2))
    lines.append(text.pairs([(r.label, f"beside {r.beside}: {_numbers(r)}") for r in mine], 4))
  return "\n".join(lines)


def _numbers(row: Reported) -> str:
  """Format a row's numbers, or their average if many."""
  numbers = row.accuracy
  if len(numbers) > _FEW:
    return f"{sum(numbers.values()) / len(numbers):.1f} on average over {len(numbers)} tasks"
  return ", ".join(f"{task} {value:g}" for task, value in numbers.items())


def example(benchmark: Benchmark) -> str:
  """A command that runs one task of the suite."""
  methods = "source_only vrex" if benchmark.suite.tasks[0].unseen else "source_only dann"
  methods = next(iter(benchmark.plan.methods)) if benchmark.plan else methods
  return f"adapt bench {benchmark.name} {methods} --task {benchmark.suite.tasks[0].name}"
