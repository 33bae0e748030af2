"""Starts pairs of real processes of one run that differ in one flag, for every flag of `adapt run`.

python -m benchmarks.process_flags [--minutes 10] [--only FLAG…] [--seed 0]

The flags are those that the parser has, in random order. What may come of a pair: both refuse with the
flag's name, or the one with the flag refuses its value and the other one hears of it, or, of flags that
say where something lies on a machine, both train. All else is wrong: to train a model that is neither's,
to wait for ever, or to end without a line. A process is a fork, so that JAX is imported once.
"""

import argparse
import collections
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from adapt.cli import distributed, flags, main
from adapt.cli import run as imported  # noqa: F401  before children are forked
from adapt.training.settings import Settings
from benchmarks.kills import write

_BASE = ["--method", "coral", "--steps", "4", "--evaluations", "2", "--batch-size", "16"]
_VALUES = "7", "0.25", "1", "accuracy", "another"
_PLACE = "help", "config", "process_id", "processes", "coordinator", "wait_for_processes"
_LONGEST = 300.0  # seconds of a pair


def every_flag() -> Iterator[tuple[str, list[str]]]:
  """The name of each flag, and its words with another value than usual."""
  parser = main.run_parser()
  flags.add_general(parser, Settings())
  for action in parser._actions:
    if not action.option_strings or action.dest in _PLACE:
      continue
    flag, usual = action.option_strings[-1], action.default
    if action.nargs == 0:
      yield action.dest, [action.option_strings[0] if not usual else flag]
      continue
    for value in action.choices or _VALUES:
      try:
        made = parser._get_values(action, [str(value)])
      except argparse.ArgumentError:
        continue
      if made not in (usual, [usual]):
        yield action.dest, [flag, str(value)]
        break


def pair(folder: Path, words: list[str], number: int) -> list[tuple[int, str]]:
  """Runs two processes, the second with these words too; the code and the output of each."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    place = ["--coordinator", f"127.0.0.1:{free.getsockname()[1]}", "--processes", "2"]
  began, children = time.monotonic(), []
  for i in range(2):
    argv = ["run", "--source", "moons.npz", "--target", "turned.npz", *_BASE]
    argv += ["--out", f"runs{number}", *place, "--process-id", str(i), *(words if i else [])]
    children.append(_child(folder, argv, folder / f"said{number}-{i}"))
  codes: dict[int, int] = {}
  while len(codes) < len(children) and time.monotonic() - began < _LONGEST:
    for child in children:
      if child not in codes and (ended := os.waitpid(child, os.WNOHANG))[0]:
        codes[child] = os.waitstatus_to_exitcode(ended[1])
    time.sleep(0.02)
  for child in children:
    if child not in codes:
      os.kill(child, signal.SIGKILL)
      codes[child] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
  texts = [(folder / f"said{number}-{i}").read_text(errors="replace") for i in range(2)]
  return list(zip((codes[c] for c in children), texts, strict=True))


def _child(folder: Path, argv: list[str], output: Path) -> int:
  if child := os.fork():
    return child
  code = 1
  try:
    os.chdir(folder)
    where = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(where, 1)
    os.dup2(where, 2)
    code = main.main(argv)
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def outcome(name: str, ended: list[tuple[int, str]]) -> str:
  """What came of a pair; it begins with "wrong" where it may not."""
  codes = tuple(code for code, _ in ended)
  flag = f"--{name.replace('_', '-')}"
  refusals = [text for _, text in ended if "error: process 1 has other" in text]
  lines = [any(w in text for w in ("error: ", "stopped (")) for _, text in ended]
  if codes == (2, 2) and len(refusals) == len(ended) and any(flag in text for text in refusals):
    return "refused on both"
  if codes == (0, 0):
    return "trained alike" if name in distributed._OWN else "wrong: trained"
  if codes[1] == 2 and codes[0] in (2, 75) and all(lines):
    return "refused by its own process"
  return f"wrong: {codes}, {'' if all(lines) else 'no line'}"


def _run(argv: list[str] | None) -> int:
  parser = argparse.ArgumentParser(prog="python -m benchmarks.process_flags")
  parser.add_argument("--minutes", type=float, default=10.0)
  parser.add_argument("--only", nargs="+", metavar="FLAG", default=[], help="without --")
  parser.add_argument("--seed", type=int, default=0)
  asked = parser.parse_args(argv)
  chosen = [
    (n, words) for n, words in every_flag() if not asked.only or words[0].lstrip("-") in asked.only
  ]
  random.Random(asked.seed).shuffle(chosen)
  counts, until = collections.Counter[str](), time.monotonic() + 60 * asked.minutes
  with tempfile.TemporaryDirectory(prefix="adapt-flags-") as made:
    folder = Path(made)
    write(folder, "moons", "turned")
    for number, (name, words) in enumerate(chosen):
      if time.monotonic() > until:
        break
      began, ended = time.monotonic(), pair(folder, words, number)
      what = outcome(name, ended)
      counts[what.split(":")[0]] += 1
      print(f"{' '.join(words)}: {what} ({time.monotonic() - began:.0f} s)", flush=True)
      if what.startswith("wrong"):
        print("\n".join(text[-1500:] for _, text in ended), file=sys.stderr, flush=True)
  print(f"{counts.total()} of {len(chosen)} flags: {dict(counts)}")
  return 1 if counts["wrong"] else 0


if __name__ == "__main__":
  sys.exit(_run(None))
