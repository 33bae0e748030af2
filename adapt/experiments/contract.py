"""Checks a method against the contract that every method keeps.

A check raises `Failed` or `Skipped`, or returns what is worth saying of a method that passes it. What needs
no training comes first; where a step of it fails, the rest is not tried.
"""

import functools
import inspect
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from adapt import catalogue
from adapt.catalogue import Bound
from adapt.experiments import contract_runs
from adapt.experiments.contract_runs import Failed, Skipped, Subject
from adapt.experiments.contract_steps import STEPWISE, Named
from adapt.experiments.reporter import one_line


class Check(NamedTuple):
  """What one check has found."""

  name: str
  outcome: str  # pass, fail or skip
  reason: str
  seconds: float


def checks(
  bound: Callable[[], Bound],
  lr: float | None = None,
  model: str | None = None,
  output: str = "classes",
) -> Iterator[Check]:
  """Checks a method, one thing after the other.

  Args:
    bound: imports the method.
    lr: learning rate of the runs; None: that of the toy problem.
    model: the network of the runs; None: that of the toy problem.
    output: the kind of output that is checked.
  """
  with tempfile.TemporaryDirectory(prefix="adapt-") as folder:
    found: list[Subject] = []
    imported = _checked(
      "imports", lambda: _imports(bound, (lr, model), output, Path(folder), found)
    )
    yield imported
    lost = "" if found else "the method cannot be imported"
    for name, check in (*STATIC, *STEPWISE, *contract_runs.TRAINED):
      if lost:
        yield Check(name, "skip", f"not tried: {lost}", 0.0)
        continue
      yield (done := _checked(name, functools.partial(check, found[0])))
      if done.outcome == "fail" and (name, check) in STEPWISE:
        lost = f"first mend '{name}'"


def _checked(name: str, check: Callable[[], str]) -> Check:
  began = time.perf_counter()
  try:
    outcome, reason = "pass", check()
  except Skipped as error:
    outcome, reason = "skip", str(error)
  except Failed as error:
    outcome, reason = "fail", str(error)
  except Exception as error:  # whatever a user's own file does
    outcome, reason = "fail", one_line(f"{type(error).__name__}: {error}")
  return Check(name, outcome, reason, time.perf_counter() - began)


def _imports(
  bound: Callable[[], Bound],
  given: tuple[float | None, str | None],
  output: str,
  folder: Path,
  found: list[Subject],
) -> str:
  """The file is imported and its function makes a method."""
  try:
    subject = contract_runs.subject(bound(), *given, folder, output)
  except ValueError as error:
    raise Failed(one_line(error)) from error
  found.append(subject)
  reads = ", ".join(subject.traits.reads)
  return f"{subject.method.name} reads {reads}"


def _documented(subject: Subject) -> str:
  """The function, and what each argument means and is by default."""
  factory = subject.method.factory
  lacking = [p.name for p in catalogue.parameters(factory) if not p.meaning]
  if lacking:
    raise Failed(f"no word on {', '.join(lacking)}: say under Args: what it means")
  first = next(iter(inspect.signature(factory).parameters.values()))
  if first.annotation is first.empty:
    raise Failed(f"'{first.name}' has no type: write {first.name}: Net")
  if not catalogue.summary(factory):
    raise Failed(f"{factory.__name__} has no docstring: its first line is what lists say")
  paper = catalogue.facts(factory).paper
  return catalogue.summary(factory) + ("" if paper else " (names no paper)")


STATIC: tuple[Named, ...] = (("is documented", _documented),)
