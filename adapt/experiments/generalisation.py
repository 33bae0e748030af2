"""Leave-one-domain-out: all domains but one train, and the last is never seen.

Gulrajani and Lopez-Paz (2021, arXiv:2007.01434). A task whose target is `unseen` has its data hidden
(`data/unseen.py`); what would read them is refused here.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from adapt import catalogue, methods, outputs, validators
from adapt.experiments import auto
from adapt.experiments.choices import Choices
from adapt.experiments.own_suite import UNSEEN
from adapt.experiments.suite import LEAVE_ONE_OUT, Suite, Task
from adapt.method import Method
from adapt.training import hosts

FEWEST = 3  # domains: with fewer, one source is left, and no method here has anything to compare
SUFFIX = "_dg"  # of the suite's name
_FLAG = f"--protocol {LEAVE_ONE_OUT}"


def asked(protocol: str | None, method: Any = None) -> bool:
  """Whether a call asks for targets that training never sees.

  Raises:
    ValueError: another protocol, or a choice among methods that adapt.
  """
  if protocol not in (None, LEAVE_ONE_OUT):
    raise ValueError(catalogue.unknown("protocol", protocol, (LEAVE_ONE_OUT,)))
  if protocol and method == auto.NAME:
    raise ValueError(f"{auto.NAME} tries methods that adapt to a target: name a method")
  return protocol is not None


def serving(sources: int = FEWEST) -> list[str]:
  """The methods that read nothing but so many labelled sources."""
  kinds = {name: methods.traits(name) for name in methods.names()}
  return [n for n, kind in kinds.items() if _serves(kind) and kind.sources <= sources]


def _serves(method: Method) -> bool:
  return set(method.reads) == {"source"}


def possible(method: Method, tasks: Iterable[Task]) -> bool:
  """Whether a method may run on tasks whose targets are unseen."""
  return _serves(method) or not any(task.unseen for task in tasks)


def refuse(choices: Choices, method: Method) -> None:
  """Raises ValueError for what would see an unseen target."""
  task, name = choices.task, choices.method.name
  if not task.unseen:
    if choices.validator == validators.LEFT_OUT:
      raise ValueError(
        f"--validator {validators.LEFT_OUT} leaves sources out to choose for an unseen target, and that "
        f"of {task.name} is seen: take another, or {_FLAG}"
      )
    return
  if not _serves(method):
    raise ValueError(
      f"{name} reads the target, which is unseen in {task.name}: take "
      f"{', '.join(serving(len(task.source)))}"
    )
  if task.classes is not None:
    raise ValueError(f"--classes says which classes the target has, and {task.name}'s is unseen")
  weighting = choices.weighting
  if weighting and weighting.name != "class_balanced":
    raise ValueError(
      f"--weights {weighting.name} compares with the target, which is unseen in {task.name}: leave it "
      "out, or take class_balanced"
    )
  _refuse_validator(choices, method)


def _refuse_validator(choices: Choices, method: Method) -> None:
  """Raises ValueError where an unseen target, or too few sources, would be judged by."""
  task, name = choices.task, choices.validator
  if name == validators.LEFT_OUT:
    if len(task.source) <= method.sources:
      raise ValueError(
        f"--validator {name} leaves a source out, and {choices.method.name} needs {method.sources} of the "
        f"{len(task.source)} of {task.name}: take {validators.default(outputs.kind(choices.output), True)}"
      )
    if hosts.several() or choices.dp:
      raise ValueError(f"--validator {name} trains again: leave it out with --dp and processes")
    return
  if name not in (known := validators.of_sources(outputs.kind(choices.output))):
    raise ValueError(
      f"--validator {name} reads the target, which is unseen in {task.name}: take "
      f"{', '.join((*known, validators.LEFT_OUT))}"
    )


def leave_one_out(suite: Suite) -> Suite:
  """The suite by this protocol: every domain unseen once, the others pooled.

  Task unseen_NAME leaves the domain of that name out. Published rows and recipes are of other tasks,
  and are left out.

  Raises:
    ValueError: fewer than three domains, or a suite of class sets.
  """
  if suite.tasks and all(task.unseen for task in suite.tasks):
    return suite
  if any(task.classes for task in suite.tasks):
    raise ValueError(f"{_FLAG} is for domains of the same classes, and {suite.name} has others")
  names = list(dict.fromkeys(n for t in suite.tasks for n in (*t.source, t.target)))
  if len(names) < FEWEST:
    raise ValueError(
      f"{_FLAG} trains on all domains but one, and {suite.name} has {len(names)}: choose a suite of "
      f"{FEWEST} or more"
    )
  return suite._replace(
    name=f"{suite.name}{SUFFIX}",
    tasks=left_out(names),
    protocol=f"{UNSEEN}; otherwise that of suite {suite.name}: {suite.protocol}",
    reported=(),
    defaults={name: own for name, own in suite.defaults.items() if name in serving(len(names))},
    recipes=(),
    variants={},
  )


def left_out(names: Sequence[str]) -> tuple[Task, ...]:
  """Every domain unseen once, with all others as sources.

  A task's name is that of its target, without what all names begin with.
  """
  parts = zip(*(name.split("_")[:-1] for name in names), strict=False)
  shared = itertools.takewhile(lambda each: len(set(each)) == 1, parts)
  begin = sum(len(each[0]) + 1 for each in shared)
  return tuple(
    Task(f"unseen_{own[begin:]}", tuple(n for n in names if n != own), own, unseen=True)
    for own in names
  )
