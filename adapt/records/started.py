"""The command that started this process, as records show it."""

import contextlib
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_command: list[str] = []


@contextlib.contextmanager
def shown_as(words: Sequence[str]) -> Iterator[None]:
  """Has records show that command, not how this process started."""
  before, _command[:] = list(_command), words
  try:
    yield
  finally:
    _command[:] = before


def shown() -> str:
  """Returns the command that started this process.

  The folder it stood in and its home are left out.
  """
  if _command:
    return _portable(_command)
  program = Path(sys.argv[0])
  name = (
    ["python", "-m", f"benchmarks.{program.stem}"] if program.suffix == ".py" else [program.name]
  )
  return _portable([*name, *sys.argv[1:]])


def _portable(words: Sequence[str]) -> str:
  """Joins words, with paths relative to the working folder or to ~, as a shell reads them."""
  here, home = str(Path.cwd()).rstrip("/"), os.path.expanduser("~").rstrip("/")  # "~" without one
  shown = []
  for word in words:
    for folder, short in ((here, "."), (home, "~")):
      if len(folder) > 1:  # else every absolute path lies there
        word = re.sub(rf"(?<![\w./~-]){re.escape(folder)}(?=/|$)", short, word)
    word = re.sub(r"(?<![\w.])\./", "", word)
    within = word.startswith("~/")  # which a shell must not find quoted
    shown.append(f"~/{shlex.quote(word[2:])}" if within else shlex.quote(word))
  return " ".join(shown)
