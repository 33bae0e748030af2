"""What a case of the speed benchmark is: contenders, and the ratios of their times."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchmarks.contender import Work

MODULES = {"ours": "benchmarks.speed_ours", "torch": "benchmarks.speed_torch"}
TORCH, NO_READS = "torch", "torch, no reads"


class Entry(NamedTuple):
  """Something timed: what is asked of a contender; entries of one side and work share a process."""

  side: str  # "ours" or "torch"
  work: Work
  ask: str = "advance"
  arguments: Mapping[str, Any] = {}
  counted: bool = True  # whether its time is that of steps and nothing else


class Bar(NamedTuple):
  """What a number is to reach."""

  value: float
  at_least: bool = True

  def met(self, number: float) -> bool:
    """Whether the number reaches it."""
    return number >= self.value if self.at_least else number <= self.value


class Ratio(NamedTuple):
  """A number of each round, made from the seconds that its entries took in it."""

  of: Callable[[Mapping[str, float], int], float]  # (seconds, steps of a round)
  needs: tuple[str, ...]
  bar: Bar | None = None


class Case(NamedTuple):
  """One comparison."""

  what: str
  entries: dict[str, Entry]
  ratios: dict[str, Ratio]
  steps: int  # of a round
  share: Bar | None = None  # of the matrix peak, by "ours"
  # Ratios of whole runs, starting and compiling included; from the medians of all rounds.
  whole: Mapping[str, Ratio] = {}


def over(above: str, below: str, times: float = 1.0, bar: Bar | None = None) -> Ratio:
  """`times` times the seconds of one entry over those of another."""
  return Ratio(lambda s, _: times * s[above] / s[below], (above, below), bar)


def against_torch(
  what: str, work: Work, steps: int, bar: Bar | None = None, share: Bar | None = None
) -> Case:
  """The work by our side and by PyTorch, with the reads of its losses and without."""
  entries = {
    "ours": Entry("ours", work),
    TORCH: Entry("torch", work, arguments={"reads": True}),
    NO_READS: Entry("torch", work, arguments={"reads": False}),
  }
  ratios = {
    f"{TORCH} / ours": over(TORCH, "ours", bar=bar),
    f"{NO_READS} / ours": over(NO_READS, "ours"),
  }
  return Case(what, entries, ratios, steps, share)


def barred(number: dict[str, Any], bar: Bar | None) -> dict[str, Any]:
  """The number with its bar, if it has one, and whether it is met."""
  if bar is None or number["median"] is None:
    return number
  return {**number, "bar": bar._asdict(), "met": bar.met(number["median"])}
