"""`adapt run --method auto`: tries methods and chooses without target labels."""

import argparse
import time
from collections.abc import Sequence
from typing import Any

from adapt.cli import run as running
from adapt.cli import text
from adapt.cli.reporting import Reporting
from adapt.experiments import auto, grid
from adapt.experiments.own_suite import OwnSuite
from adapt.training import hosts

_CHOOSERS = (
  "sweep",
  "search",
  "null",
)  # flags that make other points of a method than its defaults


def asked(methods: Sequence[str]) -> bool:
  """Whether `auto` is among the methods; ValueError if others are, too."""
  if auto.NAME in methods and len(methods) > 1:
    raise ValueError(f"--method {auto.NAME} chooses itself what to try: name no other method")
  return auto.NAME in methods


def methods(own: Sequence[OwnSuite]) -> list[str]:
  """What is tried on any of the pairs, source_only first."""
  named = [tried.method for one in own for tried in _candidates(one)]
  return list(dict.fromkeys(named))


def _candidates(own: OwnSuite) -> Sequence[auto.Candidate]:
  return auto.of_domains([own.domains(name) for name in own.task.source], own.task.relation)


def run(own: Sequence[OwnSuite], arguments: argparse.Namespace) -> int:
  """Tries, chooses and writes for every pair; prints one table.

  Returns the exit code: 0, or 3 if a seed's loss diverged.

  Raises:
    ValueError: bad input, before anything is trained.
  """
  for name in _CHOOSERS:
    if getattr(arguments, name):
      raise ValueError(
        f"--method {auto.NAME} chooses among methods as they are: leave out --{name}"
      )
  options = running.options_of(arguments)
  checked = []
  for pair in own:
    tried = _candidates(pair)
    made = running.experiments_of(pair.suite, [pair.task], [c.method for c in tried], arguments)
    checked.append((pair, tried, grid.grouped(made, pair.domains, options)))
  records, chosen = [], []
  for pair, tried, groups in checked:
    found, left_out = _tried(pair, groups, options, arguments)
    one = auto.summary(found, {c.method: c.reason for c in tried}, left_out)
    hosts.led(lambda one=one: auto.write(one, options.out))  # type: ignore[misc]
    records += [*found, one]
    chosen.append(one)
  code = running.show(records, arguments.measure)
  for line in (line for one in chosen for line in auto.lines(one)) if hosts.leads() else ():
    text.console().print(line, highlight=False, markup=False)
  return code


def _tried(
  pair: OwnSuite, groups: Sequence[Any], options: grid.Options, arguments: argparse.Namespace
) -> tuple[list[dict[str, Any]], list[str]]:
  """The records of what the budget allows, and the methods that it does not."""
  seconds = float("inf") if arguments.budget is None else 60 * arguments.budget
  began, longest = time.monotonic(), 0.0
  records: list[dict[str, Any]] = []
  left_out: list[str] = []
  with Reporting(groups, options.out, arguments.wandb, arguments.show_target) as reporter:
    for group in groups:  # source_only, the first, is what all others fall back to
      start = time.monotonic()
      if bool(records) and hosts.agreed(lambda: start - began + longest > seconds):  # noqa: B023
        left_out.append(group[0].method.name)
        continue
      records += grid.run([group], pair.domains, options, reporter)
      longest = max(longest, time.monotonic() - start)
  return records, left_out
