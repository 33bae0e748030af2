"""Text for a terminal: columns, paragraphs of its width, a console."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
  from rich.console import Console

_PIPE = (
  200  # columns where the output is no terminal: nothing to fit, and long lines are easy to search
)
_READABLE = 100  # columns of a paragraph at most


def console(columns: int | None = None) -> "Console":
  """Create what prints tables and colours to standard output.

  A reader that has gone is a BrokenPipeError as everywhere; rich would end with exit code 1.
  """
  from rich.console import Console

  class Answering(Console):
    def on_broken_pipe(self) -> None:
      raise BrokenPipeError

  return Answering(width=columns)


def width() -> int:
  """Return the terminal width in columns, or $COLUMNS."""
  return max(shutil.get_terminal_size((_PIPE, 24)).columns, 40)


def shortened(text: str, most: int) -> str:
  """Shorten a text at a word boundary.

  It ends with "…" where it was longer than the limit.
  """
  text = " ".join(text.split())
  if len(text) <= most:
    return text
  if most < 1:
    return ""
  head = text[: most - 1]
  if not text[len(head)].isspace() and " " in head:
    head = head.rsplit(" ", 1)[0]
  return f"{head.rstrip(' ,;:.(')}…"


def paragraph(text: str, indent: int = 0) -> str:
  """Wrap text to the terminal width.

  Lines of a list stay lines.
  """
  room = min(width(), _READABLE)
  lines = text.splitlines()
  if any(line.startswith("- ") for line in lines):
    items = _items(lines)
  else:
    items = [" ".join(text.split())]
  folded = []
  for item in items:
    hanging = indent + (2 if item.startswith("- ") else 0)
    folded.append(_folded(item, " " * indent, " " * hanging, room))
  return "\n".join(folded)


def pairs(rows: Sequence[tuple[str, str]], indent: int = 2, most: int = 24) -> str:
  """Format names with their descriptions beside them.

  A long name has a line of its own.
  """
  column = max((len(name) for name, _ in rows if len(name) <= most), default=0)
  room, lines = min(width(), _READABLE), []
  margin = " " * (indent + column + 2)
  for name, text in rows:
    first = " " * indent + name.ljust(column) + "  "
    if len(name) > column:
      lines.append(first.rstrip())
      first = margin
    lines.append(_folded(text, first, margin, room) if text else first.rstrip())
  return "\n".join(lines)


def command(line: str, indent: int = 2) -> str:
  """Format a command so that it can be copied.

  It has several lines where the terminal is too narrow for it.
  """
  room, lines = width() - indent - 2, [""]
  for flag in line.replace(" --", "\0--").split("\0"):
    joined = f"{lines[-1]} {flag}".strip()
    if len(joined) <= room:
      lines[-1] = joined
    else:
      lines.append(flag)
  return (" \\\n" + " " * (indent + 2)).join([" " * indent + lines[0], *lines[1:]])


def heading(line: str) -> str:
  """A heading, bold on a terminal."""
  return f"\033[1m{line}\033[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else line


def columns(rows: Sequence[Sequence[str]], flexible: int, gap: int = 2) -> Iterator[str]:
  """Format rows as aligned columns within the terminal width.

  Args:
    rows: cells, as many in each row.
    flexible: which cell is shortened where a row is too long; a cell before it that is unusually
      long pushes it aside.
    gap: spaces between cells.
  """
  cells = list(zip(*rows, strict=True))
  wide = [_usual(c) if i < flexible else max(map(len, c)) for i, c in enumerate(cells)]
  after = sum(w + gap for w in wide[flexible + 1 :] if w)
  flexible_most = max((len(row[flexible]) for row in rows), default=0)
  for row in rows:
    head = "".join(c.ljust(w) + " " * gap for c, w in zip(row[:flexible], wide, strict=False))
    before = sum(w + gap for w in wide[:flexible])
    room = min(width() - before - after, flexible_most) - (len(head) - before)
    tail = "".join(
      " " * gap + c.ljust(w)
      for c, w in zip(row[flexible + 1 :], wide[flexible + 1 :], strict=True)
      if w
    )
    yield (head + shortened(row[flexible], room).ljust(room) + tail).rstrip()


def _usual(cells: Sequence[str]) -> int:
  """Return the width of a column.

  It is its widest cell, or the second widest where one stands out.
  """
  lengths = sorted(len(cell) for cell in cells)
  if len(lengths) > 9 and lengths[-1] - lengths[-2] > 4:
    return lengths[-2]
  return lengths[-1] if lengths else 0


def _items(lines: Sequence[str]) -> list[str]:
  """Split a list into items with their continuation lines.

  What stands before the items comes with them.
  """
  items: list[str] = []
  for line in lines:
    if line.startswith("- ") or not items:
      items.append(line.strip())
    else:
      items[-1] += f" {line.strip()}"
  return items


def _folded(text: str, first: str, rest: str, room: int) -> str:
  return textwrap.fill(
    " ".join(text.split()),
    max(room, len(rest) + 20),
    initial_indent=first,
    subsequent_indent=rest,
    break_long_words=False,
    break_on_hyphens=False,
  )
