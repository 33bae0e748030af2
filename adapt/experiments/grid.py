"""Methods × tasks: requests from the command line, progress bars, tracking, and a table at the end."""

import argparse
import contextlib
import functools
import importlib.util
import math
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from adapt import catalogue, data, methods, validators
from adapt.cli.progress import Board
from adapt.experiments import search
from adapt.experiments.experiment import Choice, Feed, Request, points
from adapt.experiments.more_seeds import without
from adapt.experiments.plan import Plan, file_of, planned
from adapt.experiments.run import run_together
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.report import figures, terminal
from adapt.report.summary import by_seed, cell
from adapt.report.wandb_log import Mode, Tracker
from adapt.training import checkpoint, devices, dp_sgd, hosts, joint_tasks
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings

DIVERGED = 3  # exit code


def run(
  suite: Suite,
  tasks: Sequence[Task],
  names: Sequence[str],
  arguments: argparse.Namespace,
  domains: Callable[[str], data.Domain] | None = None,
) -> int:
  """Runs every method on every task and prints the table.

  Returns:
    The exit code: 0, or 3 if a seed's loss diverged.

  Raises:
    ValueError: bad input, before anything is trained.
  """
  if domains is None:
    domains = functools.cache(lambda name: data.load(name, arguments.data_dir))
  groups = _groups(checked(suite, tasks, names, arguments, domains), arguments)
  steps = sum(_steps(group[0]) for group in groups)
  records: list[dict[str, Any]] = []
  tracker = Tracker()
  with Board(len(groups), steps, Console(stderr=True), quiet=not hosts.leads()) as board:
    for group in groups:
      records += _cell(group, arguments, domains, board, tracker)
  hosts.led(lambda: _tidied([request for group in groups for request in group], arguments.out))
  return shown(records)


def _groups(
  asked: Iterable[tuple[Request, Plan]], arguments: argparse.Namespace
) -> list[list[Request]]:
  """The requests by the program that trains them, in the order of the first of each.

  Args:
    asked: requests, and what they come to.
    arguments: whether tasks of equal shape share one, and on which devices.

  Raises:
    ValueError: they cannot.
  """
  together = arguments.batch_tasks
  if together and hosts.several():
    raise ValueError("--batch-tasks is for one process: leave it out")
  if together and arguments.wandb != "off":
    raise ValueError("--wandb follows one task at a time: leave out --batch-tasks")
  found: dict[Hashable, list[tuple[Request, Part]]] = {}
  for i, (request, plan) in enumerate(asked):
    part = Part(without(request, plan.there), plan.missing, plan.material)
    alike = joint_tasks.shape(plan.method, part) if together and plan.missing else None
    found.setdefault(i if alike is None else alike, []).append((request, part))
  groups = []
  for group in found.values():
    requests = [request for request, _ in group]
    if len(group) > 1:
      layout = _layout(arguments, requests[0].settings, len(group))
      if not joint_tasks.fit([part for _, part in group], layout):
        raise ValueError(
          f"the sets of {len(group)} tasks do not fit on a device together: leave out --batch-tasks, or "
          "choose fewer by --task"
        )
      requests = [request._replace(layout=layout) for request in requests]
    groups.append(requests)
  return groups


def _layout(arguments: argparse.Namespace, settings: Settings, tasks: int = 1) -> devices.Layout:
  """How a program of so many tasks is spread."""
  cells = arguments.seeds * tasks
  return devices.layout(arguments.parallel, arguments.devices, settings.batch_size, cells)


def _tidied(requests: Sequence[Request], out: str) -> None:
  """Deletes checkpoints beside finished records: what a process leaves that is killed between the two."""
  for request in requests:
    for point in points(request):
      for folder in checkpoint.left(file_of(request, point, out)):
        if checkpoint.seeds(folder) <= set(request.seeds):  # from others a run for more goes on
          with contextlib.suppress(ValueError):  # another process trains there
            checkpoint.discard(folder)


def checked(
  suite: Suite,
  tasks: Sequence[Task],
  names: Sequence[str],
  arguments: argparse.Namespace,
  domains: Callable[[str], data.Domain],
) -> Iterator[tuple[Request, Plan]]:
  """The requests and what they come to; to be exhausted before the first cell is trained.

  Raises:
    ValueError: bad input.
  """
  requests = [_request(suite, t, name, arguments) for t in tasks for name in names]
  for request in requests:
    yield request, planned(request, arguments.out, arguments.force, domains)
  if arguments.sampler == "grid" and not arguments.sweep:
    raise ValueError("--sampler grid needs values to try: give --sweep NAME=A,B,…")
  known = {p.name for name in names for p in catalogue.parameters(methods.get(name))} | {"lr"}
  if unknown := set(_sweep(arguments.sweep)) - known:
    raise ValueError(f"nothing to sweep named {', '.join(unknown)}: choose from {', '.join(known)}")
  hosts.led(lambda: record.check_writable(arguments.out))


def shown(records: Sequence[dict[str, Any]]) -> int:
  """Prints the table of finished cells; returns the exit code: 0, or 3 if a seed's loss diverged."""
  if hosts.leads():
    Console().print(terminal.table(records))
    for line in (*terminal.privacy(records), *terminal.searched(records)):
      Console().print(line)
  return _diverged(records)


def _cell(
  group: Sequence[Request],
  arguments: argparse.Namespace,
  domains: Callable[[str], data.Domain],
  board: Board,
  tracker: Tracker,
) -> list[dict[str, Any]]:
  """The requests of one program, shown on the board and tracked."""
  request, label = group[0], points(group[0])[0].label
  task = request.task.name if len(group) == 1 else f"{len(group)} tasks"
  name = label if len(request.suite.tasks) == 1 else f"{task} {label}"
  board.begin(name, _steps(request))
  config = {**request.settings._asdict(), "seeds": len(request.seeds), **request.given}
  place = f"{request.suite.name}/{task}/{label}"
  mode: Mode = arguments.wandb if hosts.leads() else "off"
  tracker.start(mode, "adapt", place, config, arguments.out)

  def report(step: int, loss: float, accuracy: float | None) -> None:
    board.report(step, loss, accuracy)
    tracker.log(step, {"loss": loss} | ({} if accuracy is None else {"target_accuracy": accuracy}))

  records: list[dict[str, Any]] = []
  try:
    results = run_together(
      group,
      arguments.out,
      force=arguments.force,
      report=report,
      domains=domains,
      minutes=arguments.checkpoint_minutes,
    )
    records = [made for result in results for made in result.records]
  finally:
    if mode != "off":
      _track(tracker, records, Path(arguments.out))
  board.end(records, any(result.fresh for result in results))
  return records


def _steps(request: Request) -> int:
  """Steps that a request takes, those of a search's programs one after the other."""
  return request.settings.steps * search.rounds(request)


def _track(tracker: Tracker, records: Sequence[dict[str, Any]], out: Path) -> None:
  """Sends the final table and the learning curves, if there are any."""
  rows = []
  for r in records:
    each = (
      {n: cell(by_seed(r, "last", n).values()) for n in ("accuracy", "f1")} if r["last"] else {}
    )
    rows += [(r["label"], n, v.mean, v.std) for n, v in each.items() if v]
  pictures = {}
  if records and importlib.util.find_spec("matplotlib"):
    first = records[0]
    place = out / "wandb" / first["suite"] / first["task"] / f"{first['label']}.png"
    picture = figures.curves(list(records), place)
    pictures = {"curves": picture} if picture else {}
  summary = {f"{label}/{name}": mean for label, name, mean, _ in rows}
  tracker.finish(summary, pictures, ("label", "measure", "mean", "std"), rows)


def _diverged(records: Sequence[dict[str, Any]]) -> int:
  for r in records if hosts.leads() else ():
    for seed, step in r["diverged"].items():
      print(
        f"error: the loss of {r['label']} on {r['task']} is not finite from step {step} on with "
        f"seed {seed}, which stays as it was before: lower --lr; the other seeds are kept",
        file=sys.stderr,
      )
  return DIVERGED if any(r["diverged"] for r in records) else 0


def _request(suite: Suite, task: Task, name: str, arguments: argparse.Namespace) -> Request:
  given = vars(arguments)
  settings = Settings(**{n: given[n] for n in Settings._fields})
  known = *validators.VALIDATORS, validators.REVERSE
  if arguments.validator not in known:
    choices = ", ".join(known)
    raise ValueError(f"unknown validator '{arguments.validator}': choose from {choices}")
  takes = {p.name for p in catalogue.parameters(methods.get(name))}

  def of(prefix: str) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in given.items() if k.startswith(prefix)}

  own = {n: v for n, v in of("method.").items() if n in takes}
  if arguments.null:
    if "weight" not in takes:
      raise ValueError(f"{name} has no weight of an adaptation term: leave out {name} or --null")
    if "weight" in own or "weight" in _sweep(arguments.sweep):
      raise ValueError("--null puts the weight at 0: leave out --weight and its sweep, or --null")
    own["weight"] = 0.0
  request = Request(
    suite,
    task,
    name,
    settings,
    tuple(range(arguments.seeds)),
    own,
    {n: v for n, v in _sweep(arguments.sweep).items() if n in takes | {"lr"}},
    Choice(arguments.weights, of("weights.")) if arguments.weights else None,
    Choice(arguments.tuning, of("tuning.")),
    arguments.start,
    _layout(arguments, settings),
    arguments.validator,
    Feed(arguments.feed, arguments.workers),
    dp_sgd.parsed(arguments.dp),
    save_model=arguments.save_model,
  )
  return search.asked(request, arguments.search, arguments.sampler)


def _sweep(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
  sweep: dict[str, tuple[float, ...]] = {}
  for text in texts:
    name, equals, values = text.partition("=")
    try:
      sweep[name] = tuple(float(v) for v in values.split(","))
    except ValueError as error:
      raise ValueError(f"--sweep {text} is not NAME=A,B,…: e.g. --sweep weight=0.1,1") from error
    if not all(map(math.isfinite, sweep[name])):
      raise ValueError(f"--sweep {text} is not finite: e.g. --sweep weight=0.1,1")
    if not equals or len(set(sweep[name])) < len(sweep[name]):
      raise ValueError(f"--sweep {text} needs different values, e.g. --sweep weight=0.1,1")
  return sweep
