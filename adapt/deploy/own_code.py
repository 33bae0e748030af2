"""Tells the user's own code of a model from other code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapt import methods, models, tuning
from adapt.catalogue import Bound
from adapt.records import identity

KINDS = ("method", "tuning", "model")  # of entries that predictions depend on


def digests(entries: Mapping[str, Bound]) -> dict[str, str]:
  """Digests of the entries that are a user's own, by kind.

  Those of installed packages are known by their versions.

  Args:
    entries: method, tuning and model.
  """
  sources = {kind: entry.origin or entry.factory for kind, entry in entries.items()}
  found = {k: identity.digest(s) for k, s in sources.items() if not identity.versioned(s)}
  return {kind: digits for kind, digits in found.items() if digits is not None}


def check(file: Path, about: Mapping[str, Any], given: Mapping[str, Bound | None]) -> None:
  """Refuses entries that a model was not trained with.

  Args:
    file: the model.
    about: its description; one from before this was kept has no `own_code`.
    given: a user's entries by kind, which count as they are.

  Raises:
    ValueError: an entry is not what the model was trained with.
  """
  if "own_code" not in about:
    return
  names = {
    "method": (about["method"], methods),
    "tuning": (about["tuning"]["name"], tuning),
    "model": (about["settings"]["model"], models),
  }
  here = {k: package.bind(name) for k, (name, package) in names.items() if given.get(k) is None}
  now, then = digests(here), about["own_code"]
  for kind in (k for k in here if now.get(k) != then.get(k)):
    entry = f"{kind} '{names[kind][0]}'"
    if kind not in then:
      raise ValueError(
        f"{file} was trained with this package's {entry}, and --plugins has another: leave that out"
      )
    is_now = "has changed since" if kind in now else "is not here, but this package's"
    raise ValueError(
      f"{file} was trained with the {entry} of a file of one's own, which {is_now}: give --plugins the "
      "folder as it was, or train it again with --save-model"
    )
