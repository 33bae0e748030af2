"""README's figures: how many entries there are, and how many published rows are reproduced."""

from collections import Counter
from collections.abc import Mapping, Sequence

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
    f"- {len(methods.names())} methods, {len(weights.names())} weightings, {len(tuning.names())} tunings, "
    f"{len(validators.names())} label-free validators, {len(_networks())} networks; outputs: {kinds}.\n"
    f"- {len(records)} records are committed. {compared} published rows are compared with ours: "
    f"{verdicts['exact']} are equal to 0.1 points, {well} are reproduced or above, "
    f"{verdicts['below']} below.\n"
  )


def _networks() -> Sequence[str]:
  return list(catalogue.names(models.__name__))
