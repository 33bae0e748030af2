"""How a fuzzed case must end: it works, or one clear line says what to do. And how bytes are spoilt."""

import contextlib
import io
import os
import re
import signal
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import toy
from hypothesis import HealthCheck, Phase, configuration, given, settings
from hypothesis import strategies as st

from adapt.cli import command
from adapt.cli import main as cli
from adapt.data import npy
from adapt.experiments import grid

ROOT = Path(cli.__file__).parents[1]
NUMBERS = [
  "0", "1", "2", "3", "8", "16", "-1", "0.5", "-0.5", "1e-3", "1e400", "nan", "inf", "-inf", "9" * 20,
  "9" * 5000, "1000000000", "0x10", "1_0", "\u0663", "", " ", "1,2", "1e-400", "true",
]  # fmt: skip
TEXTS = [
  "", "none", "auto", "-", "--", "--steps", "a b", "a\nb", "\xfc", "\udcff", "\x1b[31m", "x" * 5000, ".",
  "/dev/null", "/etc", "/no/such", "../..", "~", "@file", "%s", "{}", "$HOME", "source", "scratch",
]  # fmt: skip
REMEDY = re.compile(
  r": | must | needs |^give |\(see --help\)"
)  # a message has more than what is wrong
SECONDS = 20  # that a case may take before it counts as a hang
TIMES = int(os.environ.get("ADAPT_FUZZ", "1"))  # as many cases, to look further by hand
# Test → its cases; each test asserts that it ran as many, and test_fuzz_files.py their sum.
CASES = {
  "npz": 260,
  "npy": 120,
  "tables": 300,
  "images": 160,
  "folders": 60,
  "archives": 240,
  "weights": 160,
  "models": 120,
  "records": 150,
  "checkpoints": 80,
  "run": 300,
  "every flag": 250,
  "suite": 120,
  "data": 80,
  "model commands": 60,
  "own methods": 160,
  "servers": 300,
  "published": 320,
  "config files": 180,
  "plug-in folders": 120,
  "kept arrays": 200,
}

_home = tempfile.TemporaryDirectory()
configuration.set_hypothesis_home_dir(_home.name)  # nothing is kept between runs


class Trained(BaseException):
  """Training would have begun: the input has passed every check."""


class Hung(BaseException):
  """A case took too long."""


class Tally:
  """Counts how cases ended."""

  def __init__(self) -> None:
    self.ended: Counter[str] = Counter()

  def of(self, work: Callable[[], Any], *named: str) -> None:
    """Runs what reads an input, not through the command line.

    Args:
      work: reads it.
      named: what the message must name, such as the file.

    Raises:
      AssertionError: anything else than success and a clear ValueError of ours.
    """
    try:
      with limited():
        work()
    except ValueError as error:
      assert_clear(error, *named)
      self.ended["refused"] += 1
    else:
      self.ended["works"] += 1

  def command(self, capsys: Any, main: Callable[[], int | None], out: Path | None = None) -> None:
    """Runs a command in this process, up to where it would train.

    Args:
      capsys: pytest's.
      main: the command.
      out: a folder in which a refused command must not have left anything.

    Raises:
      AssertionError: a traceback; several lines, or none; another exit code than 0, 1 and 2; a file.
    """
    before = left(out)
    with watched() as errors:
      try:
        with limited():
          code = main()
      except Trained:
        code = 0
      except SystemExit as stop:  # of argparse
        code = stop.code
    told = capsys.readouterr().err.splitlines()
    beside = "warning: ", "note: "
    lines = [line for line in told if line.strip() and not line.startswith(beside)]
    if code == 2:
      assert len(lines) == 1 and REMEDY.search(lines[0].removeprefix("error: ")), told
      assert len(lines[0]) < 2000, lines
      for error in errors:
        assert_clear(error)
      assert left(out) == before, (left(out) - before, lines)
      self.ended["refused"] += 1
    else:
      assert code in (0, 1, None), (code, told)
      assert not any("Traceback" in line for line in told), told
      self.ended["works"] += 1

  def done(self, name: str, least: int = 1) -> None:
    """Asserts that all cases of a test were run, and that some of either kind were among them."""
    assert sum(self.ended.values()) >= CASES[name], self.ended
    assert all(self.ended[kind] >= least for kind in ("works", "refused")), self.ended


def assert_clear(error: ValueError, *named: str) -> None:
  """That an error was made for a user to read: by our code, with a reason and a remedy, naming the input."""
  ours = type(error).__module__.startswith("adapt.") and not isinstance(error, npy.Damaged)
  assert type(error) is ValueError or ours, repr(error)
  trace = error.__traceback__
  while trace.tb_next:
    trace = trace.tb_next
  by = Path(trace.tb_frame.f_code.co_filename)
  assert ROOT in by.parents, f"{by}:{trace.tb_lineno}: {error}"
  text = " ".join(str(error).split())
  assert REMEDY.search(text), text
  assert all(name in text for name in named), (named, text)


@contextlib.contextmanager
def limited() -> Iterator[None]:
  """Ends what takes too long."""

  def late(*_: Any) -> None:
    raise Hung

  old = signal.signal(signal.SIGALRM, late)
  signal.setitimer(signal.ITIMER_REAL, SECONDS)
  try:
    yield
  finally:
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, old)


@contextlib.contextmanager
def watched() -> Iterator[list[ValueError]]:
  """The errors that a command turns into its one line."""
  real, seen = command.guarded, []

  def spying(work: Callable[[], int]) -> int:
    def spied() -> int:
      try:
        return work()
      except ValueError as error:
        seen.append(error)
        raise

    return real(spied)

  holders = [m for n, m in sys.modules.items() if n.startswith("adapt.") and hasattr(m, "guarded")]
  for module in holders:
    module.guarded = spying
  try:
    yield seen
  finally:
    for module in holders:
      module.guarded = real


def left(out: Path | None) -> set[Path]:
  """Every file below a folder."""
  return set() if out is None else {p for p in out.rglob("*") if p.is_file()}


def fuzz(name: str, case: st.SearchStrategy) -> Callable[..., Any]:
  """Runs a function on so many cases of a strategy, the same ones each time."""

  def decorated(f: Callable[[Any], None]) -> None:
    settings(
      max_examples=CASES[name] * TIMES,
      derandomize=True,
      database=None,
      deadline=None,
      phases=(Phase.explicit, Phase.generate, Phase.shrink),
      suppress_health_check=list(HealthCheck),
    )(given(case)(f))()

  return decorated


def stop_at_training(monkeypatch: Any) -> None:
  """Commands end where they would begin to train; what is looked up over and over is looked up once."""
  from adapt import catalogue

  def train(*_: Any, **__: Any) -> None:
    raise Trained

  monkeypatch.setattr(grid, "_program", train)
  monkeypatch.setattr(catalogue, "entry_points", lambda group: ())


def stay_in(folder: Path, monkeypatch: Any) -> None:
  """Commands run in a folder, do not train, meet no other process, and their own methods are forgotten."""
  from adapt import catalogue
  from adapt.cli import distributed

  stop_at_training(monkeypatch)
  monkeypatch.setattr(catalogue, "_extra", {k: list(v) for k, v in catalogue._extra.items()})
  monkeypatch.setattr(distributed, "join", lambda place: (_ for _ in ()).throw(Trained))
  monkeypatch.chdir(folder)


def pair(folder: Path, rows: int = 40) -> list[str]:
  """Paths of two small .npz files that fit together."""
  paths = []
  for d in (toy.MOONS, toy.TURNED):
    paths.append(folder / f"{d.name}.npz")
    np.savez(paths[-1], x=d.train.x[:rows], y=d.train.y[:rows])
  return [str(p) for p in paths]


@st.composite
def spoilt(draw: Any, whole: bytes, most: int = 3) -> bytes:
  """Bytes with a few of them flipped, replaced, cut out, doubled or put elsewhere."""
  data = bytearray(whole)
  for _ in range(draw(st.integers(1, most))):
    at = draw(st.integers(0, max(len(data) - 1, 0)))
    size = draw(st.sampled_from([1, 2, 4, 8, 64, 1000]))
    kind = draw(st.sampled_from(["flip", "put", "cut", "double", "move", "end"]))
    if kind == "flip" and data:
      data[at] ^= 1 << draw(st.integers(0, 7))
    elif kind == "put":
      new = draw(st.sampled_from([b"\0" * size, b"\xff" * size, b"\x7f" * size, b"9" * size]))
      data[at : at + size] = new
    elif kind == "cut":
      del data[at : at + size]
    elif kind == "double":
      data[at:at] = data[at : at + size]
    elif kind == "move":
      part = data[at : at + size]
      del data[at : at + size]
      there = draw(st.integers(0, len(data)))
      data[there:there] = part
    else:
      del data[at:]
  return bytes(data)


def zipped(members: list[tuple[str, bytes]], kind: int = zipfile.ZIP_STORED) -> bytes:
  """The bytes of a zip archive, names twice or not."""
  buffer = io.BytesIO()
  with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", kind) as archive:
    warnings.simplefilter("ignore")  # one name twice
    for name, content in members:
      archive.writestr(name, content)
  return buffer.getvalue()


def run(source: object, target: object, out: Path, *flags: str) -> int:
  """`adapt run` on two of anything."""
  short = ["--devices", "1", "--batch-size", "8", "--steps", "4"]
  where = ["--source", str(source), "--target", str(target), "--out", str(out)]
  return cli.main(["run", *where, *short, *flags])


def forget(prefix: str) -> None:
  """Imports modules of these names anew."""
  for name in [n for n in sys.modules if n.startswith(prefix)]:
    del sys.modules[name]
