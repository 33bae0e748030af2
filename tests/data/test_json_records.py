"""JSON records: read as columns, or refused in one line."""

import json

import pytest

from adapt import data

ROWS = [{"review": f"a fine story, number {i}", "stars": i, "label": "ab"[i % 2]} for i in range(8)]


def write(path, content):
  path.write_text(content, "utf-8")
  return str(path)


@pytest.mark.parametrize(
  ("name", "content"),
  [
    ("a.jsonl", "\n".join(map(json.dumps, ROWS))),
    ("b.json", "\n".join(map(json.dumps, ROWS))),
    ("c.json", json.dumps(ROWS, indent=2)),
  ],
)
def test_records_are_rows_whatever_holds_them(tmp_path, name, content):
  found = data.read(write(tmp_path / name, content))
  assert found.train.x.names == ("review", "stars")
  assert len(found.train.x) + len(found.test.x) == 8
  assert found.classes == ("a", "b")


def test_fields_that_some_lack_are_missing_and_nested_ones_are_left_out(tmp_path):
  rows = [{**row, "votes": [0, i]} for i, row in enumerate(ROWS)]
  del rows[0]["stars"]
  rows[1]["late"] = 3
  for name, content in (
    ("l.jsonl", "\n".join(map(json.dumps, rows))),
    ("l.json", json.dumps(rows)),
  ):
    found = data.read(write(tmp_path / name, content))
    assert found.train.x.names == ("review", "stars", "late")
    assert any("lists or objects in votes: left out" in note for note in found.notes)
    assert any("missing cells: stars 1, late 7" in note for note in found.notes)


@pytest.mark.parametrize(
  ("content", "message"),
  [
    ("", "no row of data"),
    ("[]", "no row of data"),
    ("[1, 2]", "other values than objects"),
    ("[{}", "cannot be read as JSON"),
    ("3\n4\n", "holds no objects"),
    ('{"a": 1}\n{"a": "b"}\n', "cannot be read"),
    ('{"a": 1}\n{"a": \n', "cannot be read"),
  ],
)
def test_what_is_no_list_of_records_is_one_line(tmp_path, content, message):
  with pytest.raises(ValueError, match=message) as error:
    data.read(write(tmp_path / "a.json", content))
  assert "a.json" in str(error.value)
  assert "\n" not in str(error.value)
