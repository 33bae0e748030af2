"""Chooses among several sources of one target, without target labels."""

from collections.abc import Sequence

from adapt.data.domain import Domain

NAME = "auto"
LEAST = 3  # sources to choose among


def kept(domains: Sequence[Domain]) -> tuple[list[int], str]:
  """Numbers of the sources to keep, and a line that says so.

  The better half, rounded up, as `advice` ranks them.

  Args:
    domains: three sources or more, then the target.

  Raises:
    ValueError: fewer sources, or domains that advice cannot compare.
  """
  from adapt.experiments.advice import advice  # not before, as SciPy's statistics take a second

  *sources, target = domains
  if len(sources) < LEAST:
    raise ValueError(
      f"--source {NAME} chooses among {LEAST} sources or more: name them after it, or leave it out"
    )
  found = advice(domains).sources  # best first
  first = [s.name for s in found[: (len(found) + 1) // 2]]
  shown = ", ".join(f"{s.name} ({s.mean_rank:.1f})" for s in found)
  line = (
    f"--source {NAME} keeps {', '.join(first)} for {target.name}, the better half by rank: {shown}"
  )
  return [i for i, s in enumerate(sources) if s.name in first], line
