"""What becomes of a file that is odd in some way, beside what is right."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt import data
from adapt.data import Reading
from adapt.data.raw import Table


class Odd(NamedTuple):
  """A file, what is odd about it, and what is right: the reading of it, or a line."""

  name: str
  odd: str
  content: Any  # text, bytes, or a function that writes the file
  right: dict[str, Any] | str  # what `read` gives, or the part of the line that refuses it
  reading: Reading = Reading()


def write(odd: Odd, folder: Path) -> Path:
  """Writes the file; returns its path."""
  path = folder / odd.name
  if callable(odd.content):
    odd.content(path)
  else:
    content = odd.content
    path.write_bytes(content.encode() if isinstance(content, str) else content)
  return path


def rows(domain: data.Domain) -> list[list[Any]]:
  """All examples in the order of the file, missing cells as None."""
  lists = []
  for split in (domain.train, domain.test):
    if isinstance(split.x, Table):
      columns = [
        [None if v != v else v for v in c.values.tolist()] if c.numeric else c.values.tolist()
        for c in split.x.columns
      ]
      lists += [list(row) for row in zip(*columns, strict=True)]
    else:
      lists += np.asarray(split.x).tolist()
  assert domain.places is not None
  return [row for _, row in sorted(zip(domain.places.tolist(), lists, strict=True))]


def outcome(odd: Odd, path: Path) -> tuple[str, str]:
  """What becomes of a file in a line, and what is wrong with that ("" if nothing)."""
  try:
    domain = data.read(str(path), reading=odd.reading)
  except ValueError as error:
    line = str(error)
    expected = isinstance(odd.right, str) and odd.right in line
    good = expected and odd.name in line and "\n" not in line
    return line.replace(f"{path.parent}/", ""), "" if good else f"expected {odd.right}"
  shown = f"{domain.train.x.shape[1:]}, classes {domain.classes}"
  if domain.notes:
    shown += "; " + "; ".join(n.replace(f"{path.parent}/", "") for n in domain.notes)
  if isinstance(odd.right, str):
    return shown, f"is not refused with {odd.right}"
  found = rows(domain)
  has = {
    "names": getattr(domain.train.x, "names", ()),
    "classes": domain.classes,
    "first": found[0],
    "last": found[-1],
    "shape": (len(found), *domain.train.x.shape[1:]),
  }
  wrong = [f"{n} is {has[n]}" for n, v in odd.right.items() if n in has and has[n] != v]
  if "column" in odd.right:
    values = [row[1] for row in found]
    right = odd.right["column"]
    wrong += [f"column is {values}"] * (values[: len(right)] != right)
  if not any(odd.right.get("note", "") in note for note in (*domain.notes, "")):
    wrong.append(f"no note of {odd.right['note']}")
  return shown, "; ".join(wrong)
