"""The points of an experiment: its records, each with its label."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from adapt import outputs
from adapt.catalogue import Bound
from adapt.evaluation.decision import ARGMAX
from adapt.experiments import refusals
from adapt.experiments.choices import Choices
from adapt.method import Method
from adapt.records import record
from adapt.training.setup import Point, traits

_MOST = 1000  # swept combinations in one program


def points(choices: Choices) -> list[Point]:
  """The records that an experiment makes, one per combination of swept values.

  A search makes one; its label does not say what was searched. Its candidates all have that label.

  Raises:
    ValueError: an unsuitable hyper-parameter, a combination without meaning.
  """
  found, defaults, given = [], choices.defaults, choices.method.given
  refusals.refuse_unknown(choices)
  for swept in combinations(choices):
    lr = swept.get("lr", choices.settings.lr)
    hyper = {**defaults, **given, **{n: v for n, v in swept.items() if n != "lr"}}
    shown = {} if choices.search else swept
    changed = {n: v for n, v in {**given, **shown}.items() if v != defaults.get(n)}
    method = traits(choices.method, hyper)
    refusals.refuse(choices, method)
    label = _label(choices, method, {**_settings(choices, method), **changed})
    found.append(Point(label, hyper, lr, _label(choices, method, changed)))
  return found


def combinations(choices: Choices) -> Sequence[Mapping[str, float]]:
  """The values set at each point, all of the same names."""
  if choices.candidates:
    return choices.candidates
  if (size := math.prod(map(len, choices.sweep.values()))) > _MOST:
    raise ValueError(f"--sweep has {size} combinations: give at most {_MOST}")
  every = itertools.product(*choices.sweep.values())
  return [dict(zip(choices.sweep, values, strict=True)) for values in every]


def usual_start(choices: Choices, method: Method | None = None) -> str:
  """ "scratch" or "source": what the tuning needs, else the method's own way."""
  if method is None:
    method = traits(choices.method, {**choices.defaults, **choices.method.given})
  return "source" if choices.tuning().needs_start else method.starts


def _settings(choices: Choices, method: Method) -> dict[str, Any]:
  """Settings that are not the suite's, so that networks and budgets can stand in one folder."""
  usual = choices.usual._asdict()
  # Of published weights counts what they are, not where they lie.
  moved = {
    "pretrained",
    *choices.sweep,
    *(choices.search.ranges if choices.search else ()),
  }
  if "labelled" not in method.reads:
    moved.add("shots")
  own = choices.settings._asdict()
  return {n: v for n, v in own.items() if v != usual[n] and n not in moved}


def _label(choices: Choices, method: Method, changed: dict[str, Any]) -> str:
  """The name of a record whose settings and hyper-parameters differ so from the usual ones."""
  chosen = (choices.weighting, choices.tuning, choices.optimizer, choices.output)
  for entry in filter(None, chosen):
    for name, value in entry.given.items():
      if value != Bound(entry.name, entry.factory).arguments[name]:
        changed[f"{entry.name}-{name}" if name in changed else name] = value
  dp = {} if choices.dp is None else choices.dp._asdict()
  changed |= {n: v for n, v in dp.items() if n != "delta"}
  if choices.output.name not in (outputs.kind(choices.output), choices.suite.output):
    changed["output"] = choices.output.name
  if choices.decision != ARGMAX:
    changed["decision"] = choices.decision
  if choices.recipe:
    changed["recipe"] = choices.recipe_name
  name, way = choices.method.name, choices.tuning.name
  return record.label_of(
    f"{name}+search" if choices.search else name,
    changed,
    choices.weighting.name if choices.weighting else None,
    None if way == "full" else way,
    None if choices.start == usual_start(choices, method) else choices.start,
    "dp" if choices.dp else None,
  )
