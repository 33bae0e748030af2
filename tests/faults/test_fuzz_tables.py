"""CSV and Parquet files, made at random and spoilt: each works, or one line says why not."""

import csv
import datetime
import decimal
import io

import fuzzing
import numpy as np
import pyarrow as pa
import pytest
import toy
from fuzzing import Tally, fuzz, spoilt
from hypothesis import strategies as st
from pyarrow import parquet

N = 40
DAY, NOW = datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
COLUMNS = {
  "numbers": pa.array([float(i % 2) for i in range(N)]),
  "whole": pa.array([i % 2 for i in range(N)]),
  "half": pa.array(np.zeros(N, np.float16)),
  "nulls": pa.array([None] * N),
  "some": pa.array([None if i == 3 else 1.0 for i in range(N)], pa.float64()),
  "unsigned": pa.array([2**64 - 1] * N, pa.uint64()),
  "decimal": pa.array([decimal.Decimal("1.5")] * N, pa.decimal128(9, 2)),
  "text": pa.array(["a" if i % 2 else "b" for i in range(N)]),
  "digits": pa.array([str(i % 2) for i in range(N)]),
  "bytes": pa.array([b"1" if i % 2 else b"\xff" for i in range(N)]),
  "lists": pa.array([[1, 2]] * N),
  "structs": pa.array([{"a": 1}] * N),
  "maps": pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())),
  "dictionary": pa.array(["a" if i % 2 else "b" for i in range(N)]).dictionary_encode(),
  "truth": pa.array([i % 2 == 0 for i in range(N)]),
  "dates": pa.array([DAY] * N),
  "times": pa.array([NOW] * N, pa.timestamp("ns", "Europe/Berlin")),
  "nanoseconds": pa.array([1] * N, pa.timestamp("ns")),
  "far": pa.array([2**40] * N, pa.timestamp("s")),
  "durations": pa.array([2**50] * N, pa.duration("s")),
  "split": pa.array(["train" if i % 3 else "test" for i in range(N)]),
}
CELLS = st.sampled_from(
  [
    "0",
    "1",
    "2",
    "-3.5",
    "",
    "nan",
    "inf",
    "1e400",
    "99999999999999999999",
    "train",
    "test",
    "text",
    "1_0",
    "0x1F",
    "١",
    "true",
    "2026-01-01",
    "2026-01-01 10:00:00.123456789",
    "12:00",
    "3,5",
    '"',
    'a"b',
    "a\nb",
    " 1",
    "\t",
    "=1+1",
    "../../etc/passwd",
    "a.png",
    "p" * 5000,
    "\ufeff",
    "\x00",
  ]
)
NAMES = st.sampled_from(
  [
    "f0",
    "f1",
    "f2",
    "f3",
    "label",
    "label",
    "split",
    "path",
    "Label",
    "",
    "f0",
    " f1",
    "Unnamed: 0",
    "п",
    "n" * 3000,
    "f\x001",
    '"',
    "🙂",
  ]
)


SPLIT = st.sampled_from(["train", "test", "val", "", "1"])
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
  fuzzing.stop_at_training(monkeypatch)


@st.composite
def csvs(draw):
  """The bytes of a .csv file of moons to which up to three odd things are done."""
  rows = [["f0", "f1", "label"]]
  rows += [
    [str(a), str(b), str(y)]
    for (a, b), y in zip(toy.MOONS.train.x[:N], toy.MOONS.train.y, strict=False)
  ]
  options, encoding, spoils = {"lineterminator": draw(ENDS)}, "utf-8", False
  ways = [
    "cell",
    "cell",
    "column",
    "names",
    "label",
    "split",
    "ragged",
    "few",
    "options",
    "encoding",
    "spoil",
  ]
  for odd in draw(st.lists(st.sampled_from(ways), max_size=3)):
    row, place = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, 2))
    if odd == "cell" and rows[row]:
      rows[row][place % len(rows[row])] = draw(CELLS)
    elif odd == "column":
      name, cell = draw(NAMES), draw(CELLS)
      rows = [[*cells, cell if i else name] for i, cells in enumerate(rows)]
    elif odd == "names":
      rows[0] = [draw(NAMES) for _ in rows[0]] if draw(st.booleans()) else rows[-1]
    elif odd == "label":
      kinds = draw(
        st.sampled_from(
          [("cat", "dog"), ("0", "cat"), ("0.0", "1.0"), ("1", "2"), ("true", "false"), ("", "1")]
        )
      )
      rows = [
        rows[0],
        *([*cells[:2], kinds[i % 2], *cells[3:]] for i, cells in enumerate(rows[1:])),
      ]
    elif odd == "split":
      parts = draw(SPLIT), draw(SPLIT)
      rows = [[*rows[0], "split"], *([*cells, parts[i % 2]] for i, cells in enumerate(rows[1:]))]
    elif odd == "ragged":
      rows[row] = rows[row][:-1] if draw(st.booleans()) else [*rows[row], "1"]
    elif odd == "few":
      rows = rows[: draw(st.sampled_from([0, 1, 2, 3]))] or [[]]
    elif odd == "options":
      options |= draw(
        st.sampled_from([{"delimiter": ";"}, {"delimiter": "\t"}, {"quoting": csv.QUOTE_ALL}])
      )
    elif odd == "encoding":
      encoding = draw(st.sampled_from(["utf-8-sig", "utf-16", "latin-1", "utf-32"]))
    else:
      spoils = True
  buffer = io.StringIO()
  csv.writer(buffer, **options).writerows(rows)
  content = buffer.getvalue().encode(encoding, "replace")
  return draw(spoilt(content)) if spoils else content


@st.composite
def parquets(draw):
  """The bytes of a .parquet file with columns of any type."""
  columns = {"f0": COLUMNS["numbers"], "f1": COLUMNS["numbers"], "label": COLUMNS["whole"]}
  for name in draw(st.lists(NAMES, max_size=2)):
    columns[name] = COLUMNS[draw(st.sampled_from(list(COLUMNS)))]
  if draw(st.booleans()):
    columns["label"] = COLUMNS[draw(st.sampled_from(list(COLUMNS)))]
  buffer = io.BytesIO()
  rows = draw(st.sampled_from([N, N, N, 1, 0]))
  parquet.write_table(pa.table(columns)[:rows], buffer)
  spoils = draw(st.sampled_from([False, False, True]))
  return draw(spoilt(buffer.getvalue())) if spoils else buffer.getvalue()


@pytest.mark.holds("fuzzed")
def test_tables(tmp_path, capsys):
  tally, out, content = Tally(), tmp_path / "out", st.one_of(csvs(), csvs(), parquets())
  good = fuzzing.pair(tmp_path)[0]

  @fuzz("tables", st.tuples(content, st.sampled_from(["both", "both", "target", "source"])))
  def case(drawn):
    whole, role = drawn
    kind = "parquet" if whole[:4] == b"PAR1" else "csv"
    paths = [tmp_path / f"{name}.{kind}" for name in "ab"]
    for path in paths:
      path.write_bytes(whole)
    source, target = {"both": paths, "target": (good, paths[0]), "source": (paths[0], good)}[role]
    tally.command(capsys, lambda: fuzzing.run(source, target, out), out)

  tally.done("tables")
