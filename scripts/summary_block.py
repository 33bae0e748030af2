"""README's figures: how many entries there are, and how many published rows are reproduced."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import adapt
from adapt import catalogue, methods, models, outputs, tuning, validators, weights
from adapt.experiments.suite import Suite
from adapt.report import reproductions
from adapt.report.summary import Record


def block(records: Sequence[Record], suites: Mapping[str, Suite]) -> str:
  """Two bullets of Markdown.

  Args:
    records: of any suites.
    suites: by name, with their published rows.
  """
  verdicts = Counter(
    one.verdict for suite in suites.values() for one in reproductions.compare(records, suite)
  )
  compared = sum(n for verdict, n in verdicts.items() if verdict != "not run")
  well = compared - verdicts["below"]
  kinds = ", ".join(f"`{name}`" for name in outputs.names())
  return (
    f"- {_own(methods)} methods, {_own(weights)} weightings, {_own(tuning)} tunings, "
    f"{_own(validators)} label-free validators, {_own(models)} networks; outputs: {kinds}.\n"
    f"- {len(records)} records are committed. {compared} published rows are compared with ours: "
    f"{verdicts['exact']} are equal to 0.1 points, {well} are reproduced or above, "
    f"{verdicts['below']} below.\n"
  )


def _own(kind: ModuleType) -> int:
  """How many entries of a kind are this repository's, whatever plug-ins there are."""
  home = Path(adapt.__file__).parent
  found = (catalogue.source(kind.__name__, name) for name in kind.names())
  return sum(file is None or file.is_relative_to(home) for file in found)
