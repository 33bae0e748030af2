"""Compares configurations: what decides a record's numbers, and what does not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt.records import identity, record
from adapt.training.settings import Settings

# What the state of a run does not depend on, or is compared apart. How data were read is in the data's
# hashes.
INDIFFERENT = ("devices", "validator", "code", "reading")


def refuse_other(
  file: Path,
  made: Mapping[str, Any],
  wanted: Mapping[str, Any],
  sources: Mapping[str, Any],
  defaults: Mapping[str, Any],
  reads: Sequence[str],
) -> None:
  """Compares what decides the numbers: not the device count or the validator.

  Args:
    file: what was made, for the message.
    made: its configuration.
    wanted: the configuration asked for.
    sources: what the digests of `wanted["code"]` are of, by kind.
    defaults: the method's hyper-parameters.
    reads: what the method reads.

  Raises:
    ValueError: other settings, or code that has changed.
  """
  _refuse_changed(file, made.get("code", {}), wanted["code"], sources)
  known = "pretrained" in made["data"] and "pretrained" in wanted["data"]

  def decisive(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in config.items() if k not in INDIFFERENT}
    # A setting or hyper-parameter that the record does not know of had no effect when it was made.
    kept["settings"] = {**Settings()._asdict(), **kept["settings"]}
    if known:  # what the weights are counts, not where they lie
      kept["settings"]["pretrained"] = ""
    else:
      kept["data"] = {k: v for k, v in kept["data"].items() if k != "pretrained"}
    kept["hyperparameters"] = {**defaults, **kept["hyperparameters"]}
    if "labelled" not in reads:
      kept["settings"] = {**kept["settings"], "shots": 0}
    return kept

  if changes := record.differences(decisive(made), decisive(wanted)):
    raise ValueError(
      f"{file} was made with other settings ({'; '.join(changes[:3])}): "
      "--force replaces it, --out puts the new one elsewhere"
    )


def _refuse_changed(
  file: Path, made: Mapping[str, str], wanted: Mapping[str, str], sources: Mapping[str, Any]
) -> None:
  """Raises ValueError where code that numbers come from has changed; old records do not say."""
  for kind in made.keys() & wanted.keys():
    if made[kind] != wanted[kind]:
      name = identity.file_name(sources[kind])
      raise ValueError(
        f"{name} has changed since {file} was made: --force replaces it, --out puts the new one "
        "elsewhere"
      )
