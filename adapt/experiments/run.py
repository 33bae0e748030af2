"""Runs experiments: makes missing records, and reads those that exist."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import data
from adapt.data import atomic_files
from adapt.experiments import execute, search, unfinished
from adapt.experiments.experiment import Experiment
from adapt.experiments.place import Place
from adapt.experiments.plan import Domains, Plan, file_of, plan
from adapt.records import record
from adapt.training import hosts
from adapt.training.loop import Report, Watch


class Result(NamedTuple):
  """The records of an experiment, and whether any of them is new."""

  records: list[dict[str, Any]]
  fresh: bool


def run(
  experiment: Experiment,
  out: str | Path,
  *,
  force: bool = False,
  report: Report = lambda *_: None,
  domains: Domains = data.load,
  minutes: float = 5.0,
  watch: Watch | None = None,
) -> Result:
  """Makes missing records in one program; as `run_together`."""
  [result] = run_together(
    [experiment],
    out,
    force=force,
    report=report,
    domains=domains,
    minutes=minutes,
    watch=watch,
  )
  return result


def run_together(
  experiments: Sequence[Experiment],
  out: str | Path,
  *,
  force: bool = False,
  report: Report = lambda *_: None,
  domains: Domains = data.load,
  minutes: float = 5.0,
  watch: Watch | None = None,
) -> list[Result]:
  """Makes the missing records of several experiments in one program.

  Args:
    experiments: what to run; several are of one `joint_tasks.shape`.
    out: folder of records.
    force: run again what is there.
    report: called once per evaluation.
    domains: loads a domain by name.
    watch: told of each evaluation, see `loop.train`.
    minutes: between checkpoints; a run that was interrupted goes on from the last one.

  Raises:
    ValueError: bad input, or a record of other settings in the way; nothing is written.
    stopping.Stopped: a signal came; the same call continues.
  """
  for suite in {experiment.suite.name for experiment in experiments}:
    hosts.led(functools.partial(unfinished.recover, suite, out))
  plans = [plan(experiment, out, force, domains) for experiment in experiments]
  if todo := [one for one in plans if one.missing]:
    hosts.led(lambda: atomic_files.check_writable(out))
    record.note_commit()
    place = Place(out, minutes, force)
    if todo[0].experiment.search:
      search.make(todo[0], place, report)
    else:
      execute.make(todo, place, report, watch)
  return [_result(one, out) for one in plans]


def _result(plan: Plan, out: str | Path) -> Result:
  files = [file_of(plan.experiment, p, out) for p in plan.points]
  return Result(hosts.agreed(lambda: [record.read(f) for f in files]), bool(plan.missing))
