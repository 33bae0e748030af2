"""Read JSON records, one a line or in one list, as columns."""

import json
from pathlib import Path
from typing import Any

from adapt.data import arrow_memory, delimited

SUFFIXES = (".json", ".jsonl", ".ndjson")
_SHAPE = 'write an object a line, as {"text": "…", "label": 1}, or a list of such'


def read(path: Path) -> tuple[Any, list[str]]:
  """Read a file of JSON objects as a table, with notes.

  The notes say what was left out. A field of one object is a column; objects without it have a
  missing cell.

  Args:
    path: of a .json, .jsonl or .ndjson file, which may be packed as .gz or .zst.

  Returns:
    A pyarrow.Table whose columns are numbers, truth values, texts or dates, and notes.

  Raises:
    ValueError: one line with the remedy: empty, no JSON, other values than objects.
    pyarrow.ArrowException: a field has values of several kinds.
  """
  import pyarrow as pa
  from pyarrow import json as arrow

  text, notes = delimited.text_of(path)
  if text.lstrip().startswith("["):
    text = _lines(path, text)
  content = text.encode("utf-8", "surrogatepass")
  if not content.strip():
    raise ValueError(f"{path} has no row of data: {_SHAPE}")
  if not content.lstrip().startswith(b"{"):
    raise ValueError(f"{path} holds no objects: {_SHAPE}")
  # An object must not be longer than a block.
  options = arrow.ReadOptions(block_size=min(len(content) + 1, 2**31 - 1))
  table = arrow.read_json(arrow_memory.reader(content), options)
  nested = [f.name for f in table.schema if pa.types.is_nested(f.type)]
  if nested:
    shown = ", ".join(nested[:5]) + ", …" * (len(nested) > 5)
    notes.append(f"{path} has lists or objects in {shown}: left out")
  return table.drop_columns(nested), notes


def _lines(path: Path, text: str) -> str:
  """The objects of a list, one a line."""
  try:
    rows = json.loads(text)
  except (json.JSONDecodeError, RecursionError) as error:
    raise ValueError(f"{path} cannot be read as JSON ({error}): {_SHAPE}") from error
  if not all(isinstance(row, dict) for row in rows):
    raise ValueError(f"{path} is a list of other values than objects: {_SHAPE}")
  return "\n".join(map(json.dumps, rows))
