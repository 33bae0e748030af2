"""A search of float hyper-parameters, each round one program; no target labels.

A grid's points are given. Else optuna proposes them, all at once at random or by TPE in rounds that it is
told of, and the defaults are the first point. What is left is one record, that of the point whose score by
the experiment's validator, a mean over seeds after the last step, is the highest; the others are in it with
their scores and, for the regret alone, their accuracies.
"""

import contextlib
import functools
import inspect
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adapt import extras, outputs, validators
from adapt.catalogue import Range
from adapt.data.atomic_files import plain
from adapt.experiments import execute, unfinished
from adapt.experiments.choices import Search
from adapt.experiments.experiment import Experiment
from adapt.experiments.place import Place
from adapt.experiments.plan import Plan, file_of, refuse_checkpoints
from adapt.experiments.points import combinations
from adapt.training import checkpoint, hosts
from adapt.training.loop import Report, Trained
from adapt.training.setup import Point

ROUND = 8  # points that TPE proposes at once
_WIDE = 30.0  # how far a search goes from a default, either way, as a factor
_REFUSED = 1000  # points in a round that the method's factory may refuse


def searching(experiment: Experiment, number: int, sampler: str) -> Experiment:
  """The experiment with a search of that many points; 0 means none.

  Moved are `lr`, tenfold about its setting, and the method's floats that are not given. The first
  round's points are made, so that what the method refuses is known before anything is trained. A grid
  has the points of `--sweep`, of which one is left.

  Raises:
    ValueError: flags that do not go together, nothing to look about, or optuna is missing.
  """
  if sampler == "grid":
    return _grid(experiment, number)
  if not number:
    if sampler != "random":
      raise ValueError(f"--sampler {sampler} is for a search: give --search N")
    return experiment
  if experiment.sweep:
    raise ValueError("--search and --sweep exclude each other: leave one out")
  if sampler == "tpe" and (number % ROUND or number < 2 * ROUND):
    raise ValueError(
      f"--sampler tpe goes by rounds of {ROUND}, the first at random: give --search {2 * ROUND}, "
      f"{3 * ROUND} and so on"
    )
  if (lr := experiment.settings.lr) <= 0:
    raise ValueError(f"--search looks about --lr, which is {lr}: give one above 0")
  every = ranges(experiment.method.factory, experiment.points[0].hyperparameters)
  moved = {n: where for n, where in every.items() if n not in experiment.method.given}
  moved["lr"] = Range(lr / 10, lr * 10, "log")
  made = experiment._replace(search=Search(number, sampler, moved))
  _ask(made, _study(made))
  return made


def _grid(experiment: Experiment, number: int) -> Experiment:
  """The experiment with its sweep as what a search tries; without one where the method takes none of it."""
  if number:
    raise ValueError(f"--sampler grid tries what --sweep lists: leave out --search {number}")
  if not experiment.sweep:
    return experiment
  if experiment.dp:
    raise ValueError("what a grid chooses tells of the private examples: leave it out with --dp")
  tried = Search(len(experiment.points), "grid", experiment.sweep)
  return experiment._replace(search=tried, sweep={})


def rounds(experiment: Experiment) -> int:
  """How many programs an experiment trains, one after the other."""
  search = experiment.search
  return search.number // ROUND if search and search.sampler == "tpe" else 1


def make(plan: Plan, place: Place, report: Report) -> None:
  """Trains every round and writes the record.

  A search that was interrupted goes on from the last checkpoint of the round that it was in.
  """
  experiment, [point] = plan.experiment, plan.points
  if place.force:
    hosts.led(lambda: _discard(experiment, point, place))
  study = hosts.led(lambda: _study(experiment))
  seen: list[dict[str, Any]] = []
  with contextlib.ExitStack() as kept:  # until the record is there, which then needs no checkpoint
    for number in range(rounds(experiment)):
      candidates = tuple(hosts.agreed(lambda: _ask(experiment, study)))
      now = experiment._replace(candidates=candidates)
      own = plan._replace(experiment=now, missing=now.points)
      trained, saved = _trained(own, place, report, number, kept)
      new = hosts.agreed(functools.partial(_scored, now, trained))
      hosts.led(functools.partial(_tell, study, [_score(experiment, c) for c in new]))
      chosen = validators.best([_score(experiment, c) for c in [*seen, *new]])
      if number == 0 or (chosen is not None and chosen >= len(seen)):
        best, i = (own, trained), (chosen or 0) - len(seen)
      seen += new
    found = _outcome(experiment, seen, chosen)
    write = functools.partial(execute.write, *best, only=i, search=found)
    hosts.led(lambda: execute.deliver(saved, place, [write]))


def _trained(
  plan: Plan, place: Place, report: Report, number: int, kept: contextlib.ExitStack
) -> tuple[Trained, checkpoint.Checkpoints | checkpoint.Elsewhere]:
  """A round's program, trained; checkpoints are kept until the search ends, or it is trained again."""
  experiment, steps = plan.experiment, plan.experiment.settings.steps
  own = plan._replace(missing=[_of_round(p, number) for p in plan.missing])
  hosts.led(lambda: None if place.force else refuse_checkpoints(own, place.out))
  shown = _later(report, number * steps)
  [trained], saved = kept.enter_context(execute.training([own], place, shown))
  if number + 1 < rounds(experiment) and hosts.agreed(saved.finish) < steps:
    spent = trained.seconds["total"] - trained.past.before
    saved.save(trained.mapped, trained.past, spent)
  return trained, saved


def _of_round(point: Point, number: int) -> Point:
  """The point under a name for the checkpoints of that round; the first one's are as any run's."""
  return point._replace(label=f"{point.label}.{number + 1}") if number else point


def _later(report: Report, before: int) -> Report:
  """The report of a round, which counts on from the steps of those before."""
  return lambda step, past: report(before + step, past)


def _discard(experiment: Experiment, point: Point, place: Place) -> None:
  """Deletes the checkpoints of all rounds."""
  for number in itertools.count():
    folder = unfinished.folder_of(file_of(experiment, _of_round(point, number), place.out))
    if not folder.exists():
      return
    checkpoint.discard(folder)


def _study(experiment: Experiment) -> Any:
  """An optuna study whose first point is the experiment without a search; None for a grid."""
  search = experiment.search
  assert search is not None
  if search.sampler == "grid":
    return None
  try:
    import optuna
  except ImportError:
    raise ValueError(f"--search needs optuna: {extras.install('search')}") from None
  optuna.logging.set_verbosity(optuna.logging.WARNING)
  [point] = experiment.points
  sampler: Any = optuna.samplers.RandomSampler(seed=0)
  if search.sampler == "tpe":  # a round's points keep apart, and values are judged together
    sampler = optuna.samplers.TPESampler(
      seed=0, n_startup_trials=ROUND, multivariate=True, constant_liar=True
    )
  study = optuna.create_study(direction="maximize", sampler=sampler)
  known = {**point.hyperparameters, "lr": point.lr}
  study.enqueue_trial({n: known[n] for n in search.ranges})
  return study


def _ask(experiment: Experiment, study: Any) -> list[dict[str, float]]:
  """A round of points, none of which the method refuses."""
  search = experiment.search
  assert search is not None
  if study is None:
    return [dict(values) for values in combinations(experiment._replace(sweep=search.ranges))]
  from optuna.distributions import FloatDistribution
  from optuna.trial import TrialState

  number, found, reason = search.number // rounds(experiment), [], ""
  where = {
    n: FloatDistribution(low, high, log=scale == "log")
    for n, (low, high, scale) in search.ranges.items()
  }
  for _ in range(number + _REFUSED):
    trial = study.ask(where)
    try:
      _ = experiment._replace(candidates=(trial.params,)).points
    except ValueError as error:
      reason = str(error)
      study.tell(trial, state=TrialState.FAIL)
      continue
    found.append(trial.params)
    if len(found) == number:
      return found
  raise ValueError(
    f"{experiment.method.name} refuses nearly every point of a search ({reason}): give that value, or "
    f"declare a Range for it in {experiment.method.name}.py"
  )


def _tell(study: Any, scores: Sequence[float | None]) -> None:
  """Tells of the round that was asked for last; no score is worse than any."""
  if study is None:  # nothing is left to propose
    return
  from optuna.trial import TrialState

  waiting = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
  for trial, score in zip(waiting, scores, strict=True):
    if score is None:
      study.tell(trial.number, state=TrialState.PRUNED)
    else:
      study.tell(trial.number, score)


def _scored(experiment: Experiment, trained: Trained) -> list[dict[str, Any]]:
  """Every candidate's values, and means over seeds at the last evaluation.

  Those are None if a seed diverged, accuracies also where the target has no labels.
  """
  past, seeds = trained.past, len(experiment.seeds)
  measured: dict[str, Any] = {past.main: past.mains("target_test")}
  if experiment.task.unknown:
    known = measured[past.main] is not None
    measured["h_score"] = past.measured("target_test", "h_score") if known else None
  found = []
  for i, values in enumerate(experiment.candidates):
    cells = list(range(i * seeds, (i + 1) * seeds))
    lost = [seed for seed, c in zip(experiment.seeds, cells, strict=True) if c in past.diverged]
    each = [past.scores(c) for c in cells]

    def mean(numbers: Any, lost: list[int] = lost) -> float | None:
      return None if lost else plain(np.mean(numbers))

    scores = {n: mean([own[n][-1] for own in each]) for n in each[0]}
    means = {n: None if m is None else mean(m[-1][cells]) for n, m in measured.items()}
    found.append({"hyperparameters": dict(values), "validators": scores, **means, "diverged": lost})
  return found


def _score(experiment: Experiment, candidate: dict[str, Any]) -> float | None:
  """What chooses, the highest: the mean score by the experiment's validator."""
  score: float | None = candidate["validators"].get(experiment.validator)
  return score


def _outcome(
  experiment: Experiment, seen: list[dict[str, Any]], chosen: int | None
) -> dict[str, Any]:
  """What the record says of the search; target labels come in here, when all is chosen."""
  assert experiment.search is not None
  measure = "h_score" if experiment.task.unknown else outputs.main(outputs.kind(experiment.output))
  oracle, regret = validators.best([c[measure] for c in seen]), None
  if oracle is not None and chosen is not None:
    regret = 100 * (seen[oracle][measure] - seen[chosen][measure])
  return {
    **experiment.search._asdict(),
    "validator": experiment.validator,
    "candidates": seen,
    "chosen": chosen,
    "oracle": oracle,
    "regret": regret,
  }


def ranges(factory: Callable[..., Any], defaults: Mapping[str, Any]) -> dict[str, Range]:
  """Each float argument's declared Range, or 30-fold about its default.

  Args:
    factory: an entry.
    defaults: what its arguments are without a search; declared ranges are widened to hold them.

  Returns:
    Ranges by name, without those of a default of 0 or less where none is declared or in logarithm.

  Raises:
    ValueError: a declared range is none.
  """
  found = {}
  for p in inspect.signature(factory).parameters.values():
    if p.kind is p.KEYWORD_ONLY and isinstance(p.default, float):
      own = (m for m in getattr(p.annotation, "__metadata__", ()) if isinstance(m, Range))
      if where := _range(p.name, next(own, None), defaults[p.name]):
        found[p.name] = where
  return found


def _range(name: str, declared: Range | None, default: float) -> Range | None:
  if declared is None:
    return Range(default / _WIDE, default * _WIDE, "log") if default > 0 else None
  low, high, scale = declared
  known = scale == "linear" or (scale == "log" and low > 0)
  if not (known and math.isfinite(high - low) and low < high):
    raise ValueError(
      f"'{name}' declares {declared}: give low < high, and linear or log, whose low is above 0"
    )
  if scale == "log" and default <= 0:
    return None
  return Range(min(low, default), max(high, default), scale)
