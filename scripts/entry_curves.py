"""The curves on a method's page: at most four suites, one drawing."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import kinds_block

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.report import method_curves, selection, style
from adapt.report.baselines import BASELINE
from adapt.report.method_curves import LEVEL, Panel
from adapt.report.summary import Record, headline

MOST = 4
_CAPTION = (
  "On the target's test set, the mean over tasks; the band is the standard deviation over seeds."
)
_OTHER = "The tables of {} have another measure, of which not every run has a curve."


def panels(name: str, records: Sequence[Record], suites: Mapping[str, Suite]) -> list[Panel]:
  """The curves of a method's usual runs: suites of README's table first, then those of most tasks.

  Args:
    name: of the method.
    records: of any suites.
    suites: by name, with their measures.
  """
  found = []
  for suite in sorted({r["suite"] for r in records if r["label"] == name}):
    mine = _measured(name, suite, records, suites)
    if one := method_curves.panel(name, mine):
      found.append(one)
  first = list(kinds_block.KINDS)
  place = {suite: i for i, suite in enumerate(first)}
  found.sort(key=lambda one: (place.get(one.suite, len(first)), -one.tasks, one.suite))
  return found[:MOST]


def _measured(
  name: str, suite: str, records: Sequence[Record], suites: Mapping[str, Suite]
) -> list[Record]:
  labels = (name, BASELINE, LEVEL)
  mine = [r for r in records if r["suite"] == suite and r["label"] in labels]
  return selection.measured_as(mine, suites.get(suite), None, None)


def section(name: str, records: Sequence[Record], suites: Mapping[str, Suite]) -> list[str]:
  """The section of a page that shows the drawing which `write` leaves beside it."""
  shown = panels(name, records, suites)
  if not shown:
    return []
  other = [
    one.suite
    for one in shown
    if headline(_measured(name, one.suite, records, suites)) != one.measure
  ]
  said = f"{_CAPTION} {_OTHER.format(', '.join(other))}" if other else _CAPTION
  return ["## Curves\n", f"```{{raw}} html\n:file: {name}.svg\n```\n", f"{said}\n"]


def write(
  file: Path, name: str, records: Sequence[Record], suites: Mapping[str, Suite]
) -> Path | None:
  """Draws a method's curves, unless they are there already; None where it has none.

  Args:
    file: of the drawing.
    name: of the method.
    records: of any suites.
    suites: by name.
  """
  shown = panels(name, records, suites)
  if not shown:
    file.unlink(missing_ok=True)
    return None
  mark = f"<!-- {_digest(shown)} -->"
  if not file.exists() or not file.read_text("utf-8").startswith(mark):
    drawn = method_curves.figure(name, shown)
    assert drawn is not None
    text = style.inline(drawn, told(name, shown))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{mark}<div class="drawing">{text}</div>\n', "utf-8")
  return file


def told(name: str, shown: Sequence[Panel]) -> str:
  """What the drawing shows, in words: the last values of its lines."""
  parts = []
  for one in shown:
    how = outputs.measure(one.measure)
    ends = {n: cells[-1].mean for n, (_, cells) in one.curves.items()}
    ends |= {} if one.level is None else {LEVEL: one.level}
    values = ", ".join(f"{n} {how.scale * value:.{how.digits}f}" for n, value in ends.items())
    parts.append(f"{one.suite}, {how.title.partition(' (')[0]}: {values}")
  return f"Curves of {name} by step; at the last step {'; '.join(parts)}."


def _digest(shown: Sequence[Panel]) -> str:
  return hashlib.sha256(f"{_code()}{shown!r}".encode()).hexdigest()[:16]


@functools.cache
def _code() -> str:
  """What draws: other code draws anew."""
  files = (__file__, method_curves.__file__, style.__file__)
  return "".join(Path(file).read_text("utf-8") for file in files)
