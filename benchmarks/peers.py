"""Whole runs of DANN beside other libraries: from the shell to the last test accuracy.

    python -m benchmarks.peers --make --environments FOLDER
    python -m benchmarks.peers [CASE …] --environments FOLDER [--only PEER …] [--rounds N] [--runs K]

The first makes the peers' environments, which are not ours, from the pinned versions of
peers_torch.txt (skada, pytorch-adapt, TLlib, here by its first name, dalib; about 6 GB) and
peers_tensorflow.txt (ADAPT; about 2 GB). What is not there is left out with a line.

Each side is a process of its own that imports, reads the arrays, compiles, trains and tests; sides take
turns. Ours is `adapt bench … --batch-tasks` with an empty cache of compiled programs, all runs in one
program; peers train run after run, as they have no other way. "Given again" is our command for one run
where the cache has its programs. Networks, optimiser, steps, batches and
λ are the suite's on all sides; peer_torch.py and peer_tensorflow.py say where a library leaves no choice.
Preparing data sets is not counted. Cases:

  amazon       Amazon reviews, 12 pairs, five seeds, an MLP
  digits       MNIST and USPS, both ways, three seeds, LeNet
  weightings   kmm, kliep and ulsif of 2,000 + 2,000 vectors, against ADAPT; imports not counted
  shallow      coral, sa, tca, otda of 1,000 + 1,000 vectors, against skada and ADAPT; nor here

--pairs, --seeds and --steps make a workload smaller, for a look. With --runs K a peer makes the first K
runs only; the rest is extrapolated, and the record says so.
"""

import argparse
import functools
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from adapt.cli.command import Parser, guarded
from adapt.data import atomic_files
from adapt.records import record
from benchmarks import machine, peer_closed, peer_process, peer_runs, peer_training
from benchmarks.contender import Failed
from benchmarks.machine import ranged, spread
from benchmarks.peer_training import OURS, Turn, Workload

TRAINING = ("amazon", "digits")
CASES = (*TRAINING, *peer_closed.CASES)
Record = dict[str, Any]
Side = Callable[[], Turn]


def measured(load: Workload, sides: Mapping[str, Side], rounds: int, limit: float) -> Record:
  """Lets the sides take turns; what is recorded of it.

  Args:
    load: what is trained.
    sides: ours first.
    rounds: clean ones that are wanted.
    limit: cores that others may keep busy in a clean round.
  """
  turns: dict[str, Turn] = {}

  def take(i: int) -> tuple[dict[str, float], list[float | None]]:
    # Forth and back, so that none always follows the same other.
    for name in list(sides) if i % 2 == 0 else list(sides)[::-1]:
      turns[name] = sides[name]()
    parts = (*_PARTS, "again")
    seconds: Any = {(name, part): getattr(turns[name], part) for name in sides for part in parts}
    return seconds, [f for turn in turns.values() for f in turn.foreign]

  found = machine.rounds(take, rounds, limit)
  kept: list[Any] = found.kept
  count = len(load.runs)
  entries, ratios = {}, {}
  for part in _PARTS if count > 1 else _PARTS[:1]:
    for name, turn in turns.items():
      shown = called(part, count, len(turn.accuracies))
      entries[f"{name}, {shown}"] = _entry(part, turn, [r[name, part] for r in kept])
      if name != OURS:
        each = [r[name, part] / r[OURS, part] for r in kept]
        ratios[f"{name} / {OURS}, {shown}"] = spread(each)
  again = spread([r[OURS, "again"] for r in kept])
  entries[f"{OURS}, one run, given again"] = {"seconds": again, "versions": {}}
  return {
    "what": _what(load),
    "steps": load.work.run,
    "work": load.work._asdict(),
    "entries": entries,
    "ratios": ratios,
    **found.facts(limit),
  }


_PARTS = ("one", "every")


def called(part: str, count: int, made: int) -> str:
  """How much was run: one run or all, and how many of those were made."""
  if part == "one":
    return "one run"
  return f"{count} runs" + (f" (extrapolated from {made} of {count})" if made < count else "")


def _entry(part: str, turn: Turn, seconds: list[float]) -> Record:
  """One side's seconds, and the accuracy where it is of all its runs."""
  made: Record = {"seconds": spread(seconds), "versions": dict(turn.versions)}
  if part == "one":
    return made
  return made | {"accuracy": peer_training.reached(turn.accuracies), "made": len(turn.accuracies)}


def _what(load: Workload) -> str:
  tasks, network = len(load.tasks), {"mlp": "MLP", "lenet": "LeNet"}[load.work.model]
  return (
    f"whole runs from the shell, {load.suite.name}: {network} dann, {load.work.run} steps of "
    f"{load.work.batch} + {load.work.batch}, tasks: {tasks}, seeds: {load.seeds}"
  )


def training(name: str, asked: argparse.Namespace) -> Record:
  """A case that trains, with the peers that can."""
  load = peer_training.workload(name, asked.pairs, asked.seeds, asked.steps)
  with tempfile.TemporaryDirectory() as place:
    folder = Path(place)
    peer_process.isolated(folder)
    peer_training.export(load, folder)
    sides: dict[str, Side] = {OURS: lambda: peer_training.ours(load)}
    failed = {}
    for peer in asked.only:
      turn = functools.partial(peer_training.theirs, peer, environments=asked.environments)
      turn = functools.partial(turn, folder=folder)
      try:  # also brings its files into memory and compiles its modules
        turn(load=load._replace(work=load.work._replace(run=2)), runs=1)
      except Failed as reason:
        failed[peer] = str(reason)
        print(f"{peer} is left out: {reason}", flush=True)
      else:
        sides[peer] = functools.partial(turn, load=load, runs=asked.runs)
    made = measured(load, sides, asked.rounds, asked.foreign)
  return made | {"failed": failed}


def _made(name: str, asked: argparse.Namespace) -> Record:
  if name in TRAINING:
    return training(name, asked)
  return peer_closed.measured(name, asked.environments, asked.rounds, asked.foreign)


def lines(name: str, made: Mapping[str, Any]) -> Iterator[str]:
  """A case's record as text."""
  yield f"{name}: {made['what']} ({made['rounds']} rounds, {len(made['dropped'])} dropped)"
  for entry, facts in made["entries"].items():
    told = (f", {n} {peer_runs.percent(facts[n])} %" for n in ("accuracy", "share") if n in facts)
    more = "".join(told)
    yield f"  {entry:56} {ranged(facts['seconds'])} s{more}"
  for ratio, number in made["ratios"].items():
    yield f"  {ratio:56} {ranged(number)}"
  if not made["rounds"]:
    yield "  every round was disturbed: stop what else runs, or allow it by --foreign CORES"


def main(argv: Sequence[str] | None = None) -> int:
  """Measures, prints and records; returns the exit code: 1 if nothing could be kept."""
  parser = Parser(prog="python -m benchmarks.peers", description=(__doc__ or "").split("\n", 1)[0])
  parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all")
  add = parser.add_argument
  add("--environments", type=Path, required=True, metavar="FOLDER", help="of the peers")
  add("--make", action="store_true", help="make those environments, and nothing else")
  add("--only", nargs="+", choices=list(peer_training.PEERS), default=list(peer_training.PEERS))
  add("--pairs", type=int, help="so many tasks")
  add("--seeds", type=int, help="so many seeds")
  add("--steps", type=int, help="so many steps")
  add("--runs", type=int, metavar="K", help="a peer makes K runs; the rest is extrapolated")
  add("--rounds", type=int, default=3, help="clean rounds of each case")
  add("--foreign", type=float, default=0.1, help="cores that others may use")
  add("--out", type=Path, default=Path("results/speed"), help="folder of records")
  return guarded(lambda: _run(parser.parse_args(argv)))


def _run(asked: argparse.Namespace) -> int:
  asked.environments = asked.environments.absolute()
  if asked.make:
    peer_process.make(asked.environments)
    return 0
  for name in asked.cases:
    if name not in CASES:
      raise ValueError(f"no case '{name}': choose from {', '.join(CASES)}")
  atomic_files.check_writable(asked.out)
  kept = True
  for name in asked.cases or CASES:
    made = _made(name, asked)
    print("\n".join(lines(name, made)), flush=True)
    cpu = jax.default_backend() == "cpu"
    processor = machine.processor() if cpu else jax.devices()[0].device_kind
    case = f"peers_{name}"
    made = {"case": case, "processor": processor, **made, "environment": record.environment()}
    file = f"{case}.{re.sub('[^a-z0-9]+', '-', processor.lower()).strip('-')}.json"
    atomic_files.write_json(asked.out / file, made)
    kept &= bool(made["rounds"])
  return int(not kept)


if __name__ == "__main__":
  sys.exit(main())
