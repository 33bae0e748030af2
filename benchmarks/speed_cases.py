"""What the speed benchmark compares: each case's contenders, and the ratios of their times."""

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from adapt.compile_cache import KEPT
from adapt.experiments.suite import PHOTOS
from adapt.training.settings import Settings
from benchmarks import amazon_reviews, contender, digits, machine
from benchmarks.contender import Contender, Work

MODULES = {"ours": "benchmarks.speed_ours", "torch": "benchmarks.speed_torch"}
SEEDS = (1, 2, 4, 8, 16)
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


def _of(settings: Settings, **more: Any) -> Work:
  """Work with the settings of a suite."""
  assert (settings.optimizer, settings.momentum, settings.schedule) == ("sgd", 0.9, "inverse")
  return Work(
    model=settings.model,
    lr=settings.lr,
    weight_decay=settings.weight_decay,
    run=settings.steps,
    **more,
  )


LENET = _of(digits.SUITE.settings, **digits.SUITE.defaults["dann"])
AMAZON = _of(
  amazon_reviews.SUITE.settings,
  **amazon_reviews.SUITE.defaults["dann"],
  shape=(5000,),
  classes=2,
  examples=2000,
)


def _lenet(method: str, batch: int, bar: float, share: bool, cpu: bool) -> Case:
  work = LENET._replace(method=method, batch=batch)
  images = f"{batch} + {batch}" if method == "dann" else str(batch)
  peak = Bar(0.6) if share and cpu else None
  # As many steps as the suite takes between evaluations: what a program costs once counts as there.
  steps = digits.SUITE.settings.steps // digits.SUITE.settings.evaluations
  return against_torch(f"LeNet {method}, {images} images of 28×28", work, steps, Bar(bar), peak)


def _amazon(cpu: bool, there: int) -> Case:
  """One seed and five, packed and dense; the five on devices of their own if there are several."""
  case = against_torch("MLP dann, 64 + 64 vectors of 5000 with 98 % zeros", AMAZON, 100)
  devices = min(5, there)
  apart = AMAZON._replace(seeds=5, kind="seeds" if devices > 1 else "sharding", devices=devices)
  entries = {**case.entries, "five seeds": Entry("ours", apart)}
  names = {"five seeds": 4.0}
  if cpu:  # elsewhere all vectors are dense
    entries["ours, dense"] = Entry("ours", AMAZON._replace(feed="device"))
    entries["five seeds, dense"] = Entry("ours", apart._replace(feed="device"))
    names["five seeds, dense"] = 2.0
  five = {f"five {TORCH} runs / ours, {n}": over(TORCH, n, 5, Bar(bar)) for n, bar in names.items()}
  whole = {n: ratio._replace(bar=None) for n, ratio in five.items()}
  return case._replace(entries=entries, ratios={**case.ratios, **five}, whole=whole)


def _seeds(cpu: bool) -> Case:
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


def _photographs(model: str, precision: str, cpu: bool) -> Case:
  shape, batch, steps = ((64, 64, 3), 4, 3) if cpu else ((224, 224, 3), 32, 20)
  more = {"shape": shape, "classes": 31, "examples": 256, "precision": precision}
  work = _of(PHOTOS, **more)._replace(model=model, batch=batch)
  what = f"{model} dann, {precision}, {batch} + {batch} images of {shape[0]}×{shape[0]}"
  return against_torch(what, work, steps)


def _devices(cpu: bool, there: int) -> Case:
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


def _evaluation() -> Case:
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


def _checkpoint() -> Case:
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


def cases(cpu: bool, there: int) -> dict[str, Case]:
  """All cases but `cold`, which is of another kind.

  Args:
    cpu: whether this is a CPU: photographs are tiny there, and devices faked.
    there: devices there are.
  """
  return {
    "lenet64": _lenet("dann", 64, 1.4, True, cpu),
    "lenet128": _lenet("dann", 128, 1.5, True, cpu),
    "source": _lenet("source_only", 64, 1.5, False, cpu),
    "amazon": _amazon(cpu, there),
    "seeds": _seeds(cpu),
    "resnet50": _photographs("resnet50", "f32", cpu),
    "resnet50_bf16": _photographs("resnet50", "bf16", cpu),
    "efficientnet": _photographs("efficientnet_lite0", "f32", cpu),
    "efficientnet_bf16": _photographs("efficientnet_lite0", "bf16", cpu),
    "devices": _devices(cpu, there),
    "evaluation": _evaluation(),
    "checkpoint": _checkpoint(),
  }


def barred(number: dict[str, Any], bar: Bar | None) -> dict[str, Any]:
  """The number with its bar, if it has one, and whether it is met."""
  if bar is None or number["median"] is None:
    return number
  return {**number, "bar": bar._asdict(), "met": bar.met(number["median"])}


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
