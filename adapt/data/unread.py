"""Refuses options for reading that nothing reads."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from adapt.data import label_map, sound
from adapt.data.domain import Domain
from adapt.data.reading import Reading, flag_of


class _Read(NamedTuple):
  """What the options were for."""

  own: bool  # whether something is of the user's own, and no set that has a name
  tables: bool  # whether a table or frame is among it
  domains: Sequence[Domain]
  reading: Reading


class _Use(NamedTuple):
  """What an option is for, and whether there is any of it."""

  what: str
  there: Callable[[_Read], bool]


_TABLES = _Use("tables", lambda read: read.tables)
_COLUMNS = _Use("tables", lambda read: read.tables or all(d.features for d in read.domains))
_SOUND = _Use("sound", lambda read: any(map(sound.is_of_sound, read.domains)))
_OWN = _Use("data of one's own", lambda read: read.own)
_SERIES = _Use("series", lambda read: all(d.kind.endswith("series") for d in read.domains))
_NAMED = _Use("labels that are there, as NAME=LABEL", lambda read: _is_renamed(read))
_USES = {
  "kind": _OWN,
  "label": _TABLES,
  "columns": _COLUMNS,
  "drop": _COLUMNS,
  "categorical": _COLUMNS,
  "missing": _TABLES,
  "header": _TABLES,
  "mel": _SOUND,
  "seconds": _SOUND,
  "keep_gain": _SOUND,
  "window": _SERIES,
  "label_map": _NAMED,
}


def check(
  names: Sequence[str], own: bool, tables: bool, domains: Sequence[Domain], reading: Reading
) -> None:
  """Refuses a given option that nothing reads.

  Its user means something by it.

  Args:
    names: of what was read, for the message.
    own: whether something is of the user's own, and no set that has a name.
    tables: whether a table or frame is among it.
    domains: as they came out.
    reading: the options.

  Raises:
    ValueError: one line with the remedy.
  """
  read = _Read(own, tables, domains, reading)
  for name, value in reading.given.items():
    if name in _USES and not _USES[name].there(read):
      flag = flag_of(name)
      shown = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
      given = flag if value is True else f"{flag} {shown}"
      where = " and ".join(dict.fromkeys(names))
      raise ValueError(
        f"{given} is for {_USES[name].what}, and there is none in {where}: leave it out"
      )


def _is_renamed(read: _Read) -> bool:
  wanted = set(label_map.parsed(read.reading.label_map).values())
  there = {c for d in read.domains for c in d.classes}
  return bool(wanted & there) or not there
