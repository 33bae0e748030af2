"""An option for reading that nothing reads is refused, and one that something reads is not."""

import numpy as np
import pytest

from adapt.data import Domain, Split, unread
from adapt.data.reading import Reading

SETS = Domain("sets", Split(np.zeros((4, 8, 8, 1)), None), Split(np.zeros((4, 8, 8, 1)), None), ())
TABLE = SETS._replace(features=("a", "b"), kind="vector", classes=("no", "yes"))
SERIES = SETS._replace(kind="series")
SOUND = SERIES._replace(notes=("x: 4 recordings of 8000 Hz, resampled; log-mel of 40 bands, 1 s",))
GIVEN = {
  "kind": "vector",
  "label": "y",
  "columns": ("a", "b"),
  "drop": ("a",),
  "categorical": ("a",),
  "missing": ("?",),
  "header": "none",
  "mel": 40,
  "seconds": 1.0,
  "keep_gain": True,
  "window": 8,
  "label_map": "yes=1",
}


def refused(name, own=False, tables=False, domains=(SETS, SETS)):
  """What is said of an option, "" where it is read."""
  try:
    unread.check(["A", "B"], own, tables, domains, Reading(**{name: GIVEN[name]}))
  except ValueError as error:
    return str(error)
  return ""


@pytest.mark.parametrize("name", GIVEN)
def test_nothing_of_named_images_is_read_by_options(name):
  told = refused(name, domains=(SETS._replace(classes=("0", "1")),) * 2)
  assert told.startswith("--label-column y" if name == "label" else f"--{name.replace('_', '-')}")
  assert told.endswith("in A and B: leave it out")


def test_what_is_there_is_read():
  tables = ("label", "columns", "drop", "categorical", "missing", "header", "label_map", "kind")
  assert not any(refused(n, True, True, (TABLE, TABLE)) for n in tables)
  assert not any(refused(n, True, False, (SOUND, SOUND)) for n in ("mel", "seconds", "keep_gain"))
  assert not refused("window", domains=(SERIES, SERIES))
  assert refused("mel", True, True, (TABLE, TABLE)) and refused(
    "window", True, True, (TABLE, TABLE)
  )
  # A named table, as the hospitals are, has columns too.
  assert not refused("drop", domains=(TABLE, TABLE)) and refused("header", domains=(TABLE, TABLE))


def test_the_message_shows_the_option_as_it_was_given():
  assert refused("columns").startswith("--columns a b is for tables, and there is none in A and B")
  assert refused("keep_gain").startswith("--keep-gain is for sound, and")
