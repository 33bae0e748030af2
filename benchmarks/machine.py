"""What a measurement needs of the machine: who else works, how much memory, rounds that are clean.

The cores' busy time less the process's own is what anything else has used meanwhile.
"""

import os
import platform
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Usage(NamedTuple):
  """Seconds so far."""

  wall: float
  own: float  # CPU time of this process and its finished children
  busy: float | None  # CPU time of everybody on the cores this process may use; None if not told


def usage() -> Usage:
  """Now."""
  children = resource.getrusage(resource.RUSAGE_CHILDREN)
  own = time.process_time() + children.ru_utime + children.ru_stime
  return Usage(time.perf_counter(), own, _busy())


_SETS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}  # of vectors, the widest first


def processor() -> str:
  """The processor's name and widest vectors, as far as the system tells them."""
  try:
    text = Path("/proc/cpuinfo").read_text("utf-8", errors="replace")
  except OSError:  # not Linux
    return platform.processor() or platform.machine()
  fields = dict(re.findall(r"(?m)^(model name|flags|Features)\s*: (.*)$", text))
  there = {*fields.get("flags", "").split(), *fields.get("Features", "").split()}
  vectors = next((shown for flag, shown in _SETS.items() if flag in there), "")
  return ", ".join(filter(None, (fields.get("model name", platform.machine()), vectors)))


def _busy() -> float | None:
  try:
    lines = Path("/proc/stat").read_text("ascii").splitlines()
    cores = {f"cpu{i}" for i in os.sched_getaffinity(0)}
  except (OSError, AttributeError):  # not Linux
    return None
  ticks = 0
  for line in lines:
    name, *counts = line.split()
    if name in cores:
      # user, nice, system, irq, softirq and steal; neither idle nor waiting for a disk
      ticks += sum(int(n) for i, n in enumerate(counts[:8]) if i not in (3, 4))
  return ticks / os.sysconf("SC_CLK_TCK")


def foreign(before: Usage, after: Usage) -> float | None:
  """Cores that others have kept busy, on average; None where the system does not tell.

  Busy time comes in ticks of 10 ms, of which two are forgiven.
  """
  if before.busy is None or after.busy is None:
    return None
  busy, own = after.busy - before.busy, after.own - before.own
  tick = 1 / os.sysconf("SC_CLK_TCK")
  if busy < 0.5 * own - 2 * tick:  # a sandbox that counts nothing
    return None
  return max(busy - own - 2 * tick, 0.0) / max(after.wall - before.wall, tick)


def resident_bytes(peak: bool) -> int | None:
  """Memory of this process, now or at its peak; None where the system does not tell."""
  field = "VmHWM" if peak else "VmRSS"
  try:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
  except OSError:
    return None
  found = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")]
  return found[0] if found else None


def peak_rate(product: Callable[[], Any], n: int, times: int = 20) -> float:
  """FLOP/s of a product of two n×n matrices, the best of several; `product` waits for its result."""
  product()
  best = float("inf")
  for _ in range(times):
    began = time.perf_counter()
    product()
    best = min(best, time.perf_counter() - began)
  return 2 * n**3 / best


class Rounds(NamedTuple):
  """What was measured."""

  kept: list[dict[str, float]]  # seconds of each entry, per clean round
  dropped: list[float]  # cores that others kept busy, per round that was not
  guarded: bool  # whether the system tells what others do

  def facts(self, limit: float) -> dict[str, Any]:
    """What a record says of them."""
    counts = {"rounds": len(self.kept), "dropped": self.dropped}
    return {**counts, "guarded": self.guarded, "foreign_limit": limit}


Take = Callable[[int], tuple[dict[str, float], Iterable[float | None]]]


def rounds(take: Take, wanted: int, limit: float, tries: int = 3) -> Rounds:
  """Clean rounds, as many as wanted unless too many are disturbed.

  Args:
    take: does a round, told its number: seconds per entry, and per measurement the cores that
      others kept busy meanwhile, None where the system does not tell.
    wanted: how many.
    limit: cores that others may keep busy in a clean round.
    tries: rounds at most, per round wanted.
  """
  kept: list[dict[str, float]] = []
  dropped: list[float] = []
  guarded = True
  for i in range(tries * wanted):
    if len(kept) == wanted:
      break
    seconds, others = take(i)
    others = list(others)
    guarded = guarded and None not in others
    most = max((o for o in others if o is not None), default=0.0)
    if most > limit:
      dropped.append(most)
    else:
      kept.append(seconds)
  return Rounds(kept, dropped, guarded)


def spread(values: Sequence[float]) -> dict[str, Any]:
  """Median, least, most, and all of them."""
  if not values:
    return {"median": None, "least": None, "most": None, "each": []}
  return {
    "median": statistics.median(values),
    "least": min(values),
    "most": max(values),
    "each": list(values),
  }


def ranged(number: Mapping[str, Any], times: float = 1) -> str:
  """A spread as text: the median, and the range where there is one; `times` is of the unit."""
  if number["median"] is None:
    return "–"
  shown = f"{times * number['median']:.3g}"
  if "least" not in number:
    return shown
  return f"{shown} ({times * number['least']:.3g}–{times * number['most']:.3g})"
