"""The steps from what was read to a network's inputs.

They are fitted on the sources' training examples.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from adapt.data.reading import Reading, reading_of


class Preprocessing(NamedTuple):
  """The steps from a file to a network's inputs, as fitted.

  A record and a saved model keep it, so that later data are treated alike.
  """

  reading: Mapping[str, Any]  # fields of `Reading` that are not at their defaults
  features: tuple[str, ...] = ()  # names of the columns, in the order of the inputs
  steps: tuple[Mapping[str, Any], ...] = ()  # each {"step": NAME, …}, numbers and texts only

  def step(self, name: str) -> Mapping[str, Any] | None:
    """The step of that name, if there is one."""
    return next((s for s in self.steps if s["step"] == name), None)

  @property
  def summary(self) -> dict[str, Any]:
    """A record's summary of the steps, with their digest.

    Lengths are in place of lists.
    """
    shown = [
      {n: len(v) if isinstance(v, list | tuple | dict) else v for n, v in step.items()}
      for step in self.steps
    ]
    text = json.dumps([self.features, self.steps], sort_keys=True, ensure_ascii=False)
    return {
      "features": len(self.features),
      "steps": shown,
      "digest": hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16],
    }


def for_later(made: Preprocessing, given: Mapping[str, Any]) -> Reading:
  """How later data are read: as in training, with given overrides.

  Which columns are taken and how they are scaled is in the steps.

  Raises:
    ValueError: an option that training has settled.
  """
  settled = ("columns", "drop", "categorical", "scale", "text", "transductive")
  if wrong := [n for n in settled if n in given]:
    raise ValueError(
      f"--{wrong[0]} is settled by the model, which treats data as in training: drop it"
    )
  kept = {n: v for n, v in made.reading.items() if n in Reading._fields and n not in settled}
  # Their cells stay texts where numbers prevail.
  codes = [
    c["name"] for c in (made.step("table") or {"columns": ()})["columns"] if "categories" in c
  ]
  return reading_of({**kept, **given, **({"categorical": codes} if codes else {})})


def of(about: Mapping[str, Any]) -> Preprocessing | None:
  """A saved model's preprocessing.

  None for older models and for sets with a name.
  """
  if (found := about.get("preprocessing")) is None:
    return None
  return Preprocessing(found["reading"], tuple(found["features"]), tuple(found["steps"]))
