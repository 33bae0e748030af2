"""Processes that run `adapt`, as forks of one that has imported it."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PLAIN = "import sys; from adapt.cli import main as cli; sys.exit(cli.main(sys.argv[1:]))"
LIMIT = 60  # seconds that the end of the first process may take


class Zygote:
  """The process that is forked."""

  def __init__(self, folder: Path, env: Mapping[str, str] = {}) -> None:
    self.folder, self.number = folder, 0
    self.process = subprocess.Popen(
      [sys.executable, "-W", "ignore", str(Path(__file__).with_name("zygote.py"))],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
      cwd=folder,
      env={**os.environ, **env},
    )

  def _told(self, **line: object) -> int:
    print(json.dumps(line), file=self.process.stdin, flush=True)
    return int(self.process.stdout.readline())

  def start(self, argv: Sequence[str], code: str = PLAIN, devices: int = 1) -> "Fork":
    """Starts a process, and does not wait for it."""
    self.number += 1
    out, err = (self.folder / f"{name}{self.number}.txt" for name in ("output", "errors"))
    streams = {"1": str(out), "2": str(err)}
    return Fork(self, self._told(argv=argv, code=code, devices=devices, streams=streams), out, err)

  def run(self, argv: Sequence[str], seconds: float = math.inf) -> int:
    """Exit code of a command, negative for a signal; it is killed after so many seconds."""
    return self.start(argv).wait(seconds)

  def close(self) -> None:
    """Ends it."""
    self.process.stdin.close()
    self.process.wait(LIMIT)
    self.process.stdout.close()


class Fork:
  """One of its children."""

  def __init__(self, zygote: Zygote, pid: int, out: Path, err: Path) -> None:
    self.zygote, self.pid, self.out, self.err = zygote, pid, out, err

  def wait(self, seconds: float) -> int:
    """Exit code, negative for a signal; it is killed after so many seconds."""
    return self.zygote._told(wait=self.pid, seconds=seconds)
