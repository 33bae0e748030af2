"""Cases of the speed benchmark that ask what our own side costs."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from adapt.compile_cache import KEPT
from benchmarks import contender, digits, machine
from benchmarks.contender import Contender
from benchmarks.speed_case import MODULES, TORCH, Bar, Case, Entry, Ratio, barred, over
from benchmarks.speed_networks import LENET

SEEDS = (1, 2, 4, 8, 16)


def seeds(cpu: bool) -> Case:
  """As many runs as seeds, in one program."""
  names = {n: f"{n} seeds" if n > 1 else "ours" for n in SEEDS}
  entries = {name: Entry("ours", LENET._replace(seeds=n)) for n, name in names.items()}
  entries[TORCH] = Entry("torch", LENET, arguments={"reads": True})
  ratios, whole = {}, {}
  for n, name in names.items():
    bar = Bar(8.5, at_least=False) if n == 8 and cpu else None
    if n > 1:
      ratios[f"{name} / ours"] = over(name, "ours", bar=bar)
      ratios[f"{n} separate runs / {name}"] = over("ours", name, n)
      whole[f"{n} separate runs / {name}"] = over("ours", name, n)
    ratios[f"{n} {TORCH} runs / {name}"] = over(TORCH, name, n)
    whole[f"{n} {TORCH} runs / {name}"] = over(TORCH, name, n)
  return Case("LeNet dann, 64 + 64, seeds in one program", entries, ratios, 20, whole=whole)


def devices(cpu: bool, there: int) -> Case:
  """What each layout costs, on as many devices as there are."""
  counts = [n for n in (1, 2, 4, 8) if cpu or n <= there]
  entries = {"plain": Entry("ours", LENET._replace(kind="plain"))}
  ratios = {}
  for kind in ("sharding", "pmap"):
    for n in counts:
      name = f"{kind} {n}"
      entries[name] = Entry("ours", LENET._replace(kind=kind, devices=n))
      bar = Bar(1.03, at_least=False) if n == 1 else None
      ratios[f"{name} / plain"] = over(name, "plain", bar=bar)
  faked = ", faked on one CPU: overhead only" if cpu else ""
  return Case(f"LeNet dann, 64 + 64, over devices{faked}", entries, ratios, 20)


_EVALUATIONS = 11


def evaluation() -> Case:
  """What evaluations cost."""
  usual = digits.SUITE.settings
  entries = {
    "ours": Entry("ours", LENET),
    "a run with 1": Entry("ours", LENET, "run", {"evaluations": 1}, counted=False),
    f"a run with {_EVALUATIONS}": Entry(
      "ours", LENET, "run", {"evaluations": _EVALUATIONS}, counted=False
    ),
  }
  once, often = list(entries)[1:]

  def each(seconds: Mapping[str, float], steps: int) -> float:
    del steps
    return (seconds[often] - seconds[once]) / (_EVALUATIONS - 1)

  def share(seconds: Mapping[str, float], steps: int) -> float:
    evaluating = each(seconds, steps) * usual.evaluations
    return evaluating / (evaluating + seconds["ours"] / steps * usual.steps)

  named = f"share of a run of {usual.steps} steps with {usual.evaluations} evaluations"
  ratios = {
    "seconds of one evaluation": Ratio(each, (once, often)),
    named: Ratio(share, tuple(entries)),
  }
  return Case("LeNet dann: evaluation and label-free selection", entries, ratios, 2 * _EVALUATIONS)


_MINUTES = 5.0  # between checkpoints, unless a run is told otherwise


def checkpoint() -> Case:
  """A run that saves at each of its evaluations against one that does not save."""
  evaluations = {"evaluations": _EVALUATIONS}
  entries = {
    name: Entry("ours", LENET, "run", {**evaluations, "minutes": minutes}, counted=False)
    for name, minutes in (("a run that saves nothing", 1e9), ("one that saves each time", 0.0))
  }
  none, each = entries

  def one(seconds: Mapping[str, float], steps: int) -> float:
    del steps
    return (seconds[each] - seconds[none]) / _EVALUATIONS

  share = f"share of a run that saves every {_MINUTES:.0f} minutes"
  ratios = {
    "seconds of one checkpoint": Ratio(one, (none, each)),
    share: Ratio(lambda s, n: one(s, n) / (60 * _MINUTES), (none, each), Bar(0.03, False)),
  }
  return Case("LeNet dann, 64 + 64: what saving on the way costs", entries, ratios, 110)


_IMPORT = "import time; t = time.perf_counter(); import adapt; print(time.perf_counter() - t)"


def cold(wanted: int, limit: float) -> dict[str, Any]:
  """Importing, and the first step: compiled, and from a command's cache."""

  def first(folder: str) -> tuple[float, list[float | None]]:
    cache = {"JAX_COMPILATION_CACHE_DIR": folder, "JAX_ENABLE_COMPILATION_CACHE": "true"}
    cache["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = str(KEPT)
    with contextlib.closing(Contender(MODULES["ours"], LENET, cache)) as ours:
      answers = [ours.ask("prepare"), ours.ask("advance", steps=1)]
    return sum(a.seconds for a in answers), [a.foreign for a in answers]

  def take(_: int) -> tuple[dict[str, float], list[float | None]]:
    before = machine.usage()
    command = [sys.executable, "-c", _IMPORT]
    printed = subprocess.run(command, capture_output=True, check=True, cwd=contender.ROOT).stdout
    others = [machine.foreign(before, machine.usage())]
    seconds = {"import adapt": float(printed)}
    with tempfile.TemporaryDirectory() as folder:
      for name in ("cold", "from the cache"):
        seconds[f"first step, {name}"], met = first(folder)
        others += met
    return seconds, others

  found = machine.rounds(take, wanted, limit)
  bars = {"import adapt": 1.5, "first step, cold": 6.0, "first step, from the cache": 1.5}
  names = found.kept[0] if found.kept else {}
  ratios = {}
  for name in names:
    bar = Bar(bars[name], at_least=False) if name in bars else None
    ratios[name] = barred(machine.spread([r[name] for r in found.kept]), bar)
  what = "seconds on the way to the first step, LeNet dann, 64 + 64; the step's without imports"
  return {"what": what, "ratios": ratios, "entries": {}, "failed": {}, **found.facts(limit)}
