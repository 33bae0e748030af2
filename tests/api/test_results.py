"""Records of a folder as a frame."""

from pathlib import Path

import pytest

import adapt

RESULTS = Path(__file__).parents[2] / "results"


def test_every_committed_record_has_a_row_a_seed():
  found = adapt.results(RESULTS)
  frame = found.to_frame()
  assert len(found) > 100 and len(frame) == sum(len(r["config"]["seeds"]) for r in found.records)
  one = frame[(frame.suite == "quickstart") & (frame.label == "dann")]
  [record] = [r for r in found.records if (r["suite"], r["label"]) == ("quickstart", "dann")]
  assert list(one.accuracy) == record["last"]["accuracy"]
  assert set(one.steps) == {record["config"]["settings"]["steps"]}


def test_a_broken_record_is_named(tmp_path):
  (tmp_path / "a/b").mkdir(parents=True)
  (tmp_path / "a/b/c.json").write_text("{")
  with pytest.raises(ValueError, match=r"c\.json cannot be read"):
    adapt.results(tmp_path)
