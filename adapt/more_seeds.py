"""Seeds added to a record that has the first of them: only the missing ones are trained.

A seed's numbers do not depend on the seeds that are trained beside it, so the joined record is the one
that all of them would have made at once, but for its times and for what it says of its origins.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapt.request import Request

Record = Mapping[str, Any]

_ORIGIN = "environment", "command", "date"
# Sections of lists with one entry a seed, and what in them is not.
_SECTIONS = {"last": "", "selected": "validator", "oracle": "", "validators": "", "curves": "step"}


class Had(NamedTuple):
  """What the records of a request's missing points have already."""

  seeds: tuple[int, ...]
  validator: (
    str  # by which their numbers were selected, and so are those of the seeds that join them
  )


def had(request: Request, made: Record) -> Had | None:
  """What a record has of the request's seeds, if those are some but not all, from the first on.

  A search chose by all of its seeds, and models to be kept belong to one run: neither is added to.
  """
  seeds, validator = tuple(made["config"]["seeds"]), made["config"].get("validator")
  if request.search or request.save_model or not validator:
    return None
  if len(seeds) >= len(request.seeds) or request.seeds[: len(seeds)] != seeds:
    return None
  return Had(seeds, validator)


def without(request: Request, had: Had | None) -> Request:
  """The request for the seeds that are missing."""
  if had is None:
    return request
  return request._replace(seeds=request.seeds[len(had.seeds) :], validator=had.validator)


def joined(old: Record, new: Record) -> dict[str, Any]:
  """One record of the seeds of both.

  Args:
    old: of the first seeds.
    new: of the others, and all else the same.

  Raises:
    ValueError: they share a seed.
  """
  first, others = old["config"]["seeds"], new["config"]["seeds"]
  if set(first) & set(others):
    raise ValueError(
      f"another process has trained seeds of {new['label']} on {new['task']} meanwhile: run it again"
    )
  made = {**new, "config": {**new["config"], "seeds": [*first, *others]}}
  counts = len(first), len(others)
  for name, shared in _SECTIONS.items():
    made[name] = _section(old.get(name), new.get(name), shared, counts)
  for name in ("confusion", "bins", "parameters"):
    made[name] = _list(old.get(name), new.get(name), counts)
  made["diverged"] = {**(old.get("diverged") or {}), **new["diverged"]}
  before = old.get("earlier", [])
  own = [seed for seed in first if all(seed not in part["seeds"] for part in before)]
  earlier = [*before, {"seeds": own, **{k: old[k] for k in _ORIGIN if k in old}}]
  return {**made, **_costs(old, new), "earlier": earlier}


def origins(made: Record) -> Sequence[Record]:
  """The environments that a record comes from, the newest last."""
  every = [*(part.get("environment") for part in made.get("earlier", ())), made.get("environment")]
  return [one or {} for one in every]


def _section(old: Record | None, new: Record | None, shared: str, counts: tuple[int, int]) -> Any:
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
  """Seconds of both together, and images a second over both."""
  every = [old.get("seconds") or {}, new["seconds"]]
  seconds = {n: sum(part.get(n) or 0.0 for part in every) for n in {**every[0], **every[1]}}
  images = [
    (made.get("images_per_second") or 0.0) * (part.get("train") or 0.0)
    for made, part in zip((old, new), every, strict=True)
  ]
  rate = sum(images) / seconds["train"] if all(images) else new["images_per_second"]
  return {"seconds": seconds, "images_per_second": rate}
