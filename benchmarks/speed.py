"""How fast training is: against PyTorch, over seeds and devices, on the way to the first step.

    python -m benchmarks.speed [CASE …] [--rounds N] [--steps N] [--out results/speed]

Every number is a ratio within one run: contenders (each a process of its own) take turns, a round
is a turn of each, and what is reported is the median over rounds with the range. A round in which
anything else used the CPU is dropped. Cases:

  lenet64, lenet128, source   LeNet, dann and source_only, against a PyTorch loop (speed_torch.py)
  dan, mcd, cdan, mean_teacher   other methods on LeNet
  dtn, mlp, mlp_small, cnn1d, gru   other networks; with five seeds in one program, as lenet64 has
  amazon                      the Amazon suite's MLP; five seeds in one program
  unet                        pixels, as the suite camvid trains
  resnet18, resnet50, efficientnet   photographs, _bf16 for bfloat16; on a CPU at a tiny size
  prediction                  what predict takes for 10,000 examples
  seeds                       1 to 16 seeds in one program, against as many runs
  devices                     sharding and pmap against a plain jitted scan
  evaluation                  what evaluation and label-free selection cost
  checkpoint                  what saving on the way costs
  cold                        importing, and the first step without and with a compilation cache

What each method costs relative to source_only is `python -m benchmarks.method_cost`. PyTorch is
optional: pip install 'adapt-jax[bench]'.
"""

import argparse
import contextlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from adapt import extras
from adapt.cli.command import Parser, guarded
from adapt.data import atomic_files
from adapt.records import record
from adapt.training import devices
from benchmarks import machine, speed_cases, speed_own
from benchmarks.contender import Answer, Contender, Failed
from benchmarks.machine import Rounds, ranged, spread
from benchmarks.speed_case import MODULES, Case, Entry, Ratio, barred

COLD = "cold"
_HINT = f"torch is not there, so ratios against it are left out: {extras.install('bench')}"

Record = dict[str, Any]


def measured(case: Case, wanted: int, steps: int, limit: float, sides: Sequence[str]) -> Record:
  """Runs a case's contenders in turns; what is recorded of it.

  Args:
    case: what to compare.
    wanted: clean rounds.
    steps: of each contender in a round.
    limit: cores that others may keep busy in a clean round.
    sides: which sides there are; entries of others are left out.
  """
  with contextlib.ExitStack() as stack:
    started, failed = _started(case, steps, sides, stack)
    entries = {n: e for n, e in case.entries.items() if (e.side, e.work) in started}

    def turn(entry: Entry) -> Answer:
      contender, _ = started[entry.side, entry.work]
      return contender.ask(entry.ask, steps=steps, **entry.arguments)

    for entry in entries.values():  # the second time is the first without compiling
      turn(entry)

    def take(i: int) -> tuple[dict[str, float], list[float | None]]:
      # Forth and back, so that none always follows the same other.
      order = list(entries) if i % 2 == 0 else list(entries)[::-1]
      answers = {name: turn(entries[name]) for name in order}
      seconds = {name: answer.seconds for name, answer in answers.items()}
      return seconds, [answer.foreign for answer in answers.values()]

    found = machine.rounds(take, wanted, limit)
    told = {key: _told(contender) | facts for key, (contender, facts) in started.items()}
  peak = max((t["peak_rate"] for t in told.values()), default=None)
  shown = {
    name: _entry(entry, [r[name] for r in found.kept], steps, told[entry.side, entry.work], peak)
    for name, entry in entries.items()
  }
  return {
    "what": case.what,
    "steps": steps,
    "entries": shown,
    "failed": failed,
    "matrix_peak": peak,
    "ratios": _ratios(case, shown, found, steps),
    **found.facts(limit),
  }


def _started(
  case: Case, steps: int, sides: Sequence[str], stack: contextlib.ExitStack
) -> tuple[dict[Any, tuple[Contender, Record]], dict[str, str]]:
  """The contenders, each after its first chunk, with how long that took; and those that failed."""
  started: dict[Any, tuple[Contender, Record]] = {}
  failed: dict[str, str] = {}
  for name, entry in case.entries.items():
    key = entry.side, entry.work
    if key in started or entry.side not in sides:
      continue
    try:
      contender = Contender(MODULES[entry.side], entry.work)
      stack.callback(contender.close)
      prepared = contender.ask("prepare")
      first = contender.ask("advance", steps=steps)
      facts = {"start": contender.start, "prepare": prepared.seconds, "first": first.seconds}
      started[key] = contender, facts
    except Failed as reason:
      failed[name] = str(reason)
  return started, failed


def _told(contender: Contender) -> Record:
  """What a contender says of itself after the rounds; memory first, as the rest takes some too."""
  memory = contender.ask("memory").result
  flops, peak = contender.ask("flops").result, contender.ask("peak").result
  return {
    "bytes": memory,
    "flops": flops,
    "peak_rate": peak,
    "about": contender.ask("about").result,
  }


def _entry(
  entry: Entry, seconds: list[float], steps: int, told: Mapping[str, Any], peak: float | None
) -> Record:
  """What is recorded of one entry."""
  made: Record = {"side": entry.side, "work": entry.work._asdict(), **entry.arguments}
  made |= {"about": told["about"], "peak_bytes": told["bytes"]["peak"]}
  made["bytes_before"] = told["bytes"]["before"]
  if not entry.counted:
    return made | {"seconds": spread(seconds)}
  step = spread([s / steps for s in seconds])
  flops = told["flops"] and told["flops"] * entry.work.seeds
  made |= {"seconds_of_step": step, "flops_of_step": flops}
  # The first chunk compiles, and takes its steps.
  made |= {f"seconds_of_{name}": told[name] for name in ("start", "prepare", "first")}
  if step["median"] is None:
    return made
  made["images_per_second"] = entry.work.images / step["median"]
  made["share_of_peak"] = flops / step["median"] / peak if flops and peak else None
  once = told["start"] + told["prepare"] + told["first"]
  made["seconds_of_run"] = once + max(entry.work.run - steps, 0) * step["median"]
  return made


def _ratios(
  case: Case, shown: Mapping[str, Record], found: Rounds, steps: int
) -> dict[str, Record]:
  """The case's numbers, each with its bar if it has one, and whether it is met."""
  result = {}
  for name, ratio in case.ratios.items():
    if _there(ratio, shown):
      result[name] = barred(spread([ratio.of(r, steps) for r in found.kept]), ratio.bar)
  totals = {n: e["seconds_of_run"] for n, e in shown.items() if "seconds_of_run" in e}
  for name, ratio in case.whole.items():
    if _there(ratio, totals):
      result[f"whole runs: {name}"] = barred({"median": ratio.of(totals, steps)}, ratio.bar)
  if case.share and shown.get("ours", {}).get("share_of_peak"):
    share = {"median": shown["ours"]["share_of_peak"]}
    result["share of the matrix peak"] = barred(share, case.share)
  return result


def _there(ratio: Ratio, shown: Mapping[str, Any]) -> bool:
  return all(name in shown for name in ratio.needs)


def lines(name: str, made: Mapping[str, Any]) -> Iterator[str]:
  """A case's record as text."""
  guard = "" if made["guarded"] else "; this system does not tell what else is running"
  dropped = f"{len(made['dropped'])} dropped{guard}"
  yield f"{name}: {made['what']} ({made['rounds']} rounds, {dropped})"
  for entry, facts in made["entries"].items():
    if step := facts.get("seconds_of_step"):
      yield f"  {entry:34} {ranged(step, 1000)} ms a step{_facts(facts)}"
    else:
      yield f"  {entry:34} {ranged(facts['seconds'])} s"
  for entry, reason in made["failed"].items():
    yield f"  {entry:34} failed: {reason}"
  for ratio, number in made["ratios"].items():
    bar = number.get("bar")
    sign = "≥" if bar and bar["at_least"] else "≤"
    verdict = f"   {sign} {bar['value']}: {'met' if number['met'] else 'MISSED'}" if bar else ""
    yield f"  {ratio:50} {ranged(number)}{verdict}"
  if not made["rounds"]:
    yield "  every round was disturbed: stop what else runs, or allow it by --foreign CORES"


def _facts(facts: Mapping[str, Any]) -> str:
  if "images_per_second" not in facts:
    return ""
  parts = [f"{facts['images_per_second']:.0f} images/s"]
  if facts["flops_of_step"]:
    parts.append(f"{facts['flops_of_step']:.3g} FLOP")
  if facts["share_of_peak"]:
    parts.append(f"{100 * facts['share_of_peak']:.0f} % of peak")
  if facts["peak_bytes"]:
    parts.append(f"{facts['peak_bytes'] / 2**20:.0f} MiB")
  return f", {', '.join(parts)}, first {facts['seconds_of_first']:.1f} s"


def _file(case: str, processor: str) -> str:
  """The record's name: one for each kind of processor, whose ratios differ."""
  return f"{case}.{re.sub('[^a-z0-9]+', '-', processor.lower()).strip('-')}"


def _chosen(names: Sequence[str], known: Mapping[str, Case]) -> list[str]:
  every = [*known, COLD]
  for name in names:
    if name not in every:
      raise ValueError(f"no case '{name}': choose from {', '.join(every)}")
  return list(names) or every


def main(argv: Sequence[str] | None = None) -> int:
  """Measures, prints and records; returns the exit code: 1 if a contender failed."""
  parser = Parser(prog="python -m benchmarks.speed", description=(__doc__ or "").split("\n", 1)[0])
  parser.add_argument("cases", nargs="*", metavar="CASE", help="default: all")
  parser.add_argument("--rounds", type=int, default=7, help="clean rounds of each case")
  parser.add_argument("--steps", type=int, help="steps of a contender in a round")
  parser.add_argument("--foreign", type=float, default=0.1, help="cores that others may use")
  parser.add_argument("--out", type=Path, default=Path("results/speed"), help="folder of records")
  return guarded(lambda: _run(parser.parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
  os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # contenders need the memory
  devices.cores_as_devices()  # as a command does
  known = speed_cases.cases(jax.default_backend() == "cpu", jax.device_count())
  chosen = _chosen(arguments.cases, known)
  atomic_files.check_writable(arguments.out)
  sides = [s for s in MODULES if s != "torch" or importlib.util.find_spec("torch")]
  if "torch" not in sides and chosen != [COLD]:
    print(_HINT)
  failed = False
  for name in chosen:
    try:
      if name == COLD:
        made = speed_own.cold(arguments.rounds, arguments.foreign)
      else:
        steps = arguments.steps or known[name].steps
        made = measured(known[name], arguments.rounds, steps, arguments.foreign, sides)
    except Failed as reason:  # amid its rounds
      print(f"{name}: failed: {reason}", flush=True)
      failed = True
      continue
    print("\n".join(lines(name, made)), flush=True)
    cpu = jax.default_backend() == "cpu"
    processor = machine.processor() if cpu else jax.devices()[0].device_kind
    made = {"case": name, "processor": processor, **made, "environment": record.environment()}
    atomic_files.write_json(arguments.out / f"{_file(name, processor)}.json", made)
    failed |= bool(made["failed"]) or not made["rounds"]
  return int(failed)


if __name__ == "__main__":
  sys.exit(main())
