"""Interrupts a training by Ctrl-C at random moments, and measures how long it takes to end.

python -m benchmarks.interrupt [--times 10] [--from FOLDER] [--seed 0]

LeNet with dann, 20,000 steps and 10 evaluations, by `python -m adapt run` on a terminal of its own. Once
its line tells a step, which it does after compiling, SIGINT comes at a random moment of the next half a
minute. The command has to end with code 75, and the same command then to go on from the step that was
saved. FOLDER has `digits/mnist.npz` and `digits/usps.npz` (`train_images`, `train_labels`, …); without
it, images are made up.
"""

import os
import pty
import random
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adapt.cli.command import Parser, guarded
from benchmarks.method_cost import domain

STEPS, EVALUATIONS, ASKED = 20_000, 10, 10.0  # the last one in seconds
_FLAGS = ("--method", "dann", "--model", "lenet", "--steps", str(STEPS))
_STARTED = re.compile(r"step ~?([\d,]+) of")
_SAVED = re.compile(r"([\d,]+) of [\d,]+ steps are saved")
_LONGEST = 600.0  # seconds to the first step, and from a signal to the end


class Ended(NamedTuple):
  """How an interrupted command ended."""

  seconds: float  # from the signal
  code: int
  first: int  # the step that it told first
  saved: int  # steps


def write(folder: Path, data: Path | None) -> None:
  """Writes the pair as source.npz and target.npz."""
  for name, file in (("source", "mnist"), ("target", "usps")):
    if data is None:
      made = domain(name, (28, 28, 1), 10_000)
      x, y = (np.asarray(part) for part in made.train)
      arrays = {"x": x, "y": y, "x_test": x, "y_test": y}
    else:
      with np.load(data / f"digits/{file}.npz") as z:
        arrays = {
          f"{short}{end}": z[f"{split}_{long}"]
          for split, end in (("train", ""), ("test", "_test"))
          for short, long in (("x", "images"), ("y", "labels"))
        }
      arrays |= {n: square(arrays[n]) for n in ("x", "x_test")}
    with (folder / f"{name}.npz").open("wb") as opened:
      np.savez(opened, **arrays)  # type: ignore[arg-type]  # none is called allow_pickle


def square(x: np.ndarray) -> np.ndarray:
  """Images [n, h, w] as [n, 28, 28] of bytes; floats lie in [-1, 1]."""
  from PIL import Image

  if x.dtype != np.uint8:
    x = np.round(127.5 * (x + 1)).astype(np.uint8)
  if x.shape[1:] == (28, 28):
    return x
  return np.stack([np.asarray(Image.fromarray(one).resize((28, 28))) for one in x])


class Terminal:
  """A command on a terminal of its own, and all that it has written there."""

  def __init__(self, argv: list[str], folder: Path) -> None:
    self._ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "160"}
    self.process = subprocess.Popen(
      argv, cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    self.text = ""

  def read(self, seconds: float) -> None:
    """Reads for so long, or until the command ends."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0 and self.process.poll() is None:
      if select.select([self._ours], [], [], min(left, 0.02))[0]:
        self._take()

  def until(self, pattern: re.Pattern[str]) -> str:
    """What the pattern's group matches first; empty where the command ends before."""
    end = time.monotonic() + _LONGEST
    while not (found := pattern.search(self.text)):
      if self.process.poll() is not None or time.monotonic() > end:
        return ""
      self.read(0.1)
    return found[1]

  def close(self) -> None:
    """Takes what is left, and ends the command if it has not ended."""
    if self.process.poll() is None:
      self.process.kill()
    self.process.wait()
    while select.select([self._ours], [], [], 0)[0] and self._take():
      pass
    os.close(self._ours)

  def _take(self) -> bool:
    try:
      new = os.read(self._ours, 65536)
    except OSError:  # the other end is closed
      return False
    self.text += new.decode(errors="replace")
    return bool(new)


def interrupted(folder: Path, wait: float) -> Ended:
  """Runs the command, and interrupts it so many seconds after its first step."""
  argv = [sys.executable, "-m", "adapt", "run", "--source", str(folder / "source.npz")]
  argv += ["--target", str(folder / "target.npz"), *_FLAGS, "--evaluations", str(EVALUATIONS)]
  terminal = Terminal([*argv, "--out", str(folder / "runs")], Path.cwd())
  try:
    first = terminal.until(_STARTED)
    terminal.read(wait)
    if terminal.process.poll() is not None:
      raise ValueError(f"the command ended before it was interrupted:\n{terminal.text[-2000:]}")
    began = time.monotonic()
    terminal.process.send_signal(signal.SIGINT)
    terminal.read(_LONGEST)
    seconds = time.monotonic() - began
  finally:
    terminal.close()
  saved = _SAVED.findall(terminal.text)
  return Ended(seconds, terminal.process.returncode, _number(first), _number(*saved[-1:]))


def _number(text: str = "0") -> int:
  return int(text.replace(",", "") or 0)


def _run(argv: list[str] | None) -> int:
  parser = Parser(prog="python -m benchmarks.interrupt")
  parser.add_argument("--times", type=int, default=10)
  parser.add_argument("--from", dest="data", type=Path, metavar="FOLDER")
  parser.add_argument(
    "--within", type=float, default=30.0, help="of the signal, after the first step"
  )
  parser.add_argument("--seed", type=int, default=0)
  asked = parser.parse_args(argv)
  chosen, every, wrong, before = random.Random(asked.seed), [], 0, 0
  with tempfile.TemporaryDirectory(prefix="adapt-interrupt-") as made:
    folder = Path(made)
    write(folder, asked.data)
    for i in range(asked.times):
      one = interrupted(folder, chosen.uniform(0, asked.within))
      every.append(one.seconds)
      fine = one.code == 75 and before <= one.first <= one.saved and one.saved > before
      wrong += not fine
      print(
        f"{i + 1}: {one.seconds:.1f} s, code {one.code}, from step {one.first:,} to {one.saved:,}"
        f"{'' if fine else ' WRONG'}",
        flush=True,
      )
      before = one.saved
  print(f"median {statistics.median(every):.1f} s, max {max(every):.1f} s, asked {ASKED:.0f} s")
  return 1 if wrong or max(every) > ASKED else 0


def main(argv: list[str] | None = None) -> int:
  """Returns 1 where an end took too long or the next command did not go on from it."""
  return guarded(lambda: _run(argv))


if __name__ == "__main__":
  sys.exit(main())
