"""Read text tables (CSV and its kin) as columns of text.

It does not matter what wrote them.
"""

import csv
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

from adapt.data import arrow_memory, npy
from adapt.data.cells import MISSING, NUMBER

SUFFIXES = (".csv", ".tsv", ".txt", ".data")
PACKED = (".gz", ".zst")
HEADERS = ("auto", "none")
_DELIMITERS = {"\t": "tabs", ";": "';'", ",": "','", "|": "'|'", " ": "blanks"}
_BLOCK = 2**24  # bytes read at once
_TIMES = 4  # as much memory as its text a table takes while it is read
_HEAD = 100_000  # characters that hold those lines; csv takes no longer field
_SAMPLE = 20  # lines by which the delimiter is told
_SEP = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)  # the first line that Excel writes


class Delimited(NamedTuple):
  """A text table: its columns hold text alone."""

  table: Any  # pyarrow.Table of strings
  delimiter: str
  notes: tuple[str, ...]  # how it was read, where that is not as usual


def suffix(path: Path) -> str:
  """The suffix of a file's format, without that of packing."""
  found = path.suffix.lower()
  return Path(path.stem).suffix.lower() if found in PACKED else found


def read(path: Path, header: str, special: frozenset[str]) -> Delimited:
  """Read a text table.

  Args:
    path: of a .csv, .tsv, .txt or .data file, which may be packed as .gz or .zst.
    header: auto or none, see `Reading`.
    special: names that a first line of data would not hold, as that of the labels.

  Raises:
    ValueError: one line with the remedy: not text, no table, a first line of which it is unclear
      whether it holds names.
    pyarrow.ArrowException, OSError: as pyarrow finds the file damaged.
  """
  if header not in HEADERS:
    raise ValueError(f"--header {header} is unknown: choose from {', '.join(HEADERS)}")
  text, notes = text_of(path)
  if first := _SEP.match(text.split("\n", 1)[0]):
    text, delimiter = text.split("\n", 1)[-1], first[1]
  else:
    delimiter = _delimiter(text)
  if delimiter == " ":
    text = "\n".join(",".join(line.split()) for line in text.splitlines())
  if delimiter != "," and not (
    delimiter == "\t" and path.name.lower().startswith(f"{path.stem}.tsv")
  ):
    notes.append(f"{path} is separated by {_DELIMITERS.get(delimiter, repr(delimiter))}")
  split = "," if delimiter == " " else delimiter
  fields = next((row for row in csv.reader(io.StringIO(text), delimiter=split) if any(row)), [])
  if not fields:
    raise ValueError(f"{path} cannot be read (it is empty): write the file again")
  named = header == "auto" and _has_names(path, fields, special)
  names = fields if named else [f"c{k}" for k in range(1, len(fields) + 1)]
  if not named:
    notes.append(f"{path} has no line of names: its columns are c1 … c{len(names)}")
  table, closed = _parsed(text, split, names, named)
  if not closed:
    notes.append(f"{path} has quotes that nothing closes: they are taken for parts of texts")
  return Delimited(table, delimiter, tuple(notes))


def text_of(path: Path) -> tuple[str, list[str]]:
  """The file's text, and its encoding if it is not UTF-8."""
  return decoded(path, _content(path))


def decoded(path: Path, content: bytes) -> tuple[str, list[str]]:
  """A file's bytes as text, and their encoding if not UTF-8.

  Raises:
    ValueError: no text.
  """
  if content.startswith((b"\xff\xfe", b"\xfe\xff")):
    return _decoded(path, content, "utf-16"), [f"{path} is in UTF-16"]
  try:
    text: str | None = content.decode("utf-8-sig")
  except UnicodeDecodeError:
    text = None
  if b"\0" in content:
    encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    return _decoded(path, content, encoding), [f"{path} is in UTF-16"]
  return _western(path, content) if text is None else (text, [])


def _western(path: Path, content: bytes) -> tuple[str, list[str]]:
  try:
    return content.decode("cp1252"), [f"{path} is not in UTF-8: read as Latin-1 (cp1252)"]
  except UnicodeDecodeError:
    return content.decode("latin-1"), [f"{path} is not in UTF-8: read as Latin-1"]


def _decoded(path: Path, content: bytes, encoding: str) -> str:
  try:
    text = content.decode(encoding)
  except UnicodeDecodeError as error:
    raise ValueError(f"{path} is no text: write it in UTF-8") from error
  if "\0" in text:
    raise ValueError(f"{path} is no text: write it in UTF-8")
  return text


def _content(path: Path) -> bytes:
  """The file's bytes, unpacked as far as they fit in memory."""
  import pyarrow as pa

  packed = path.suffix.lower()
  how = {".gz": "gzip", ".zst": "zstd"}.get(packed)
  most, found = npy.memory() // _TIMES, bytearray()
  with pa.input_stream(str(path), compression=how) as stream:
    while block := stream.read(_BLOCK):
      found += block
      if len(found) > most:
        raise ValueError(f"{path} has more than {most / 2**30:.0f} GiB of text: give a part of it")
  return bytes(found)


def _delimiter(text: str) -> str:
  """What separates the fields: what gives all of the first lines as many, and more than one."""
  lines = [line for line in text[:_HEAD].splitlines() if line.strip()][:_SAMPLE]
  for delimiter in _DELIMITERS:
    if delimiter == " ":
      widths = [len(line.split()) for line in lines]
    else:
      widths = [len(r) for r in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter) if r]
    usual = max(set(widths), key=widths.count, default=1)
    if widths and widths[0] > 1 and widths.count(usual) >= 0.8 * len(widths) and usual == widths[0]:
      return delimiter
  head = lines[0] if lines else ""
  return max(";\t|", key=head.count) if "," not in head and any(c in head for c in ";\t|") else ","


def _has_names(path: Path, fields: list[str], special: frozenset[str]) -> bool:
  """Whether the first line holds names; refuses one that may hold data as well."""
  fields = [field.strip() for field in fields]
  if special & {field.lower() for field in fields}:
    return True
  numbers = [bool(re.fullmatch(NUMBER, field)) for field in fields]
  whole = [field for field in fields if field.isdecimal()]
  counted = whole in (list(map(str, range(len(whole)))), list(map(str, range(1, len(whole) + 1))))
  if not any(numbers) or (len(whole) > 1 and len(whole) == sum(numbers) and counted):
    return True
  if all(n or field in MISSING for n, field in zip(numbers, fields, strict=True)):
    return False
  raise ValueError(
    f"{path} has the first line {','.join(fields)[:60]}, which may be names or data: give the "
    "columns names, or say --header none"
  )


def _parsed(text: str, delimiter: str, names: list[str], named: bool) -> tuple[Any, bool]:
  """The table, and whether quotes stand around fields.

  A text may begin with a quote that is its own, which would make one field of all lines up to the
  next quote. Where each line by itself has all fields, and quotes would leave fewer rows, they are
  no more than characters.
  """
  import pyarrow as pa

  lines = [line for line in text.splitlines() if line.strip()]
  whole = len(names) > 1 and all(line.count(delimiter) == len(names) - 1 for line in lines)
  try:
    table = _columns(text, delimiter, names, named, True)
  except pa.ArrowInvalid:
    if not (whole and '"' in text):
      raise
    return _columns(text, delimiter, names, named, False), False
  if whole and '"' in text and len(table) < len(lines) - named:
    return _columns(text, delimiter, names, named, False), False
  return table, True


def _columns(text: str, delimiter: str, names: list[str], named: bool, quoted: bool) -> Any:
  import pyarrow as pa
  from pyarrow import csv as arrow

  # Names may be doubled, which is refused later; pyarrow types columns by their name.
  own = [str(k) for k in range(len(names))]
  content = text.encode("utf-8", "surrogatepass")
  table = arrow.read_csv(
    arrow_memory.reader(content),
    read_options=arrow.ReadOptions(
      column_names=own,
      skip_rows_after_names=int(named),
      block_size=min(len(content) + 1, 2**31 - 1),  # a row must not be longer than a block
    ),
    parse_options=arrow.ParseOptions(
      delimiter=delimiter, newlines_in_values=quoted, quote_char='"' if quoted else False
    ),
    convert_options=arrow.ConvertOptions(
      column_types=dict.fromkeys(own, pa.string()), strings_can_be_null=False
    ),
  )
  return table.rename_columns(names)
