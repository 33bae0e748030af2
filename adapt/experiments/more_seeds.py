"""Adds seeds to a record that has the first of them.

Only the missing ones are trained.

A seed's numbers do not depend on the seeds that are trained beside it, so the joined record is the one
that all of them would have made at once, but for its times, for what it says of its origins, and for
rounding where the two were trained on other devices.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from adapt import validators
from adapt.data import atomic_files
from adapt.experiments.experiment import Experiment
from adapt.records import schema

Record = Mapping[str, Any]

_ORIGIN = "environment", "command", "date"
# Sections of lists with one entry a seed, and the key in them, if any, that is of all seeds.
_SECTIONS = {
  **dict.fromkeys(("last", "oracle", "validators", "interval", "expected")),
  "selected": "validator",
  "curves": "step",
}


def existing(experiment: Experiment, made: Record) -> tuple[int, ...]:
  """The seeds of an experiment that a record has already.

  None unless they are the first of its seeds but not all.

  Not added to are a search, which chose by all of its seeds; private training, whose promise is of one run;
  models that are to be kept; and what one of the two selects by a validator that costs trainings.
  """
  seeds, validator = tuple(made["config"]["seeds"]), made["config"].get("validator")
  if experiment.search or experiment.save_model or experiment.dp:
    return ()
  if validator not in (*validators.names(), *validators.RETRAINING):
    return ()
  again = {validator, experiment.validator} & {*validators.RETRAINING}
  if again and validator != experiment.validator:
    return ()
  begins = len(seeds) < len(experiment.seeds) and experiment.seeds[: len(seeds)] == seeds
  return seeds if begins else ()


def without(experiment: Experiment, seeds: tuple[int, ...]) -> Experiment:
  """The experiment for its other seeds."""
  return experiment._replace(seeds=experiment.seeds[len(seeds) :]) if seeds else experiment


def joined(old: Record, new: Record) -> dict[str, Any]:
  """One record of the seeds of both.

  Args:
    old: of the first seeds.
    new: of the others, and all else the same.

  Raises:
    ValueError: what came before is no record of the same evaluations.
  """
  first, others = old["config"]["seeds"], new["config"]["seeds"]
  made = {**new, "config": {**new["config"], "seeds": [*first, *others]}}
  counts = len(first), len(others)
  for name, shared in _SECTIONS.items():
    made[name] = _section(old.get(name), new.get(name), shared, counts)
  if "decision" in new:
    made["decision"] = _section(old.get("decision"), new["decision"], "rule", counts)
  for name in ("confusion", "bins", "parameters"):
    made[name] = _list(old.get(name), new.get(name), counts)
  made["diverged"] = {**(old.get("diverged") or {}), **new["diverged"]}
  before = old.get("earlier", [])
  own = [seed for seed in first if all(seed not in part["seeds"] for part in before)]
  earlier = [*before, {"seeds": own, **{k: old[k] for k in _ORIGIN if k in old}}]
  made = {**made, **_costs(old, new), "earlier": earlier}
  steps = [(part.get("curves") or {}).get("step") for part in (old, new)]
  wrong = (
    "of other evaluations" if steps[0] != steps[1] else schema.record(atomic_files.plain(made))
  )
  if wrong:
    raise ValueError(
      f"the record of {new['label']} on {new['task']} cannot take more seeds ({wrong}): --force starts over"
    )
  return made


def origins(made: Record) -> Sequence[Record]:
  """The environments that a record comes from, the newest last."""
  every = [*(part.get("environment") for part in made.get("earlier", ())), made.get("environment")]
  return [one or {} for one in every]


def _section(
  old: Record | None, new: Record | None, shared: str | None, counts: tuple[int, int]
) -> Any:
  if old is None and new is None:
    return None
  first, others = old or {}, new or {}
  names = [*others, *(name for name in first if name not in others)]
  return {
    n: others.get(n, first.get(n)) if n == shared else _list(first.get(n), others.get(n), counts)
    for n in names
  }


def _list(old: Any, new: Any, counts: tuple[int, int]) -> Any:
  """One entry a seed, None for those whose version of the code had no such measure."""
  if old is None and new is None:
    return None
  return [*(old or [None] * counts[0]), *(new or [None] * counts[1])]


def _costs(old: Record, new: Record) -> dict[str, Any]:
  """Seconds of both together and images a second over both, as far as both say theirs."""
  first, others = old.get("seconds") or {}, new["seconds"]
  seconds = {n: first[n] + others[n] for n in others if first.get(n) is not None}
  rates = old.get("images_per_second"), new["images_per_second"]
  if None in rates or not seconds.get("train"):
    return {"seconds": seconds, "images_per_second": None}
  images = rates[0] * first["train"] + rates[1] * others["train"]
  return {"seconds": seconds, "images_per_second": images / seconds["train"]}
