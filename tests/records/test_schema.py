"""schema: real records pass, and the first thing wrong with a spoilt one is told by its place."""

import copy
import json

import pytest
import sample_records

from adapt.records import model_schema, schema
from adapt.training.settings import Settings

RECORD = sample_records.make(diverged={"2": 137})


def put(value, place, new):
  """A copy with something else at a place such as "config.seeds.0"; `del` removes it."""
  value = inner = copy.deepcopy(value)
  *way, last = [int(p) if p.isdigit() else p for p in place.split(".")]
  for part in way:
    inner = inner[part]
  if new is del_:
    del inner[last]
  else:
    inner[last] = new
  return value


del_ = object()


def test_a_record_is_right_as_runs_write_it():
  assert schema.record(json.loads(json.dumps(RECORD))) is None
  assert schema.config(RECORD["config"]) is None
  for absent in ("last", "curves", "validators", "oracle", "examples", "protocol", "environment"):
    assert schema.record({k: v for k, v in RECORD.items() if k != absent}) is None
  for empty in ("last", "selected", "oracle", "confusion", "images_per_second"):
    assert schema.record({**RECORD, empty: None}) is None


WRONG = [
  ("suite", 3, "its suite is 3, no text"),
  ("config", [], r"its config is \[\], no object"),
  ("config.seeds", [], "its config.seeds is"),
  ("config.seeds", [0, 0, 1], "not different numbers"),
  ("config.seeds.1", True, r"config.seeds\[1\] is True, no whole number"),
  ("config.settings.steps", {}, "config.settings.steps is {}"),
  ("config.data", del_, "its config lacks 'data'"),
  ("config", del_, "it lacks 'config'"),
  ("last.accuracy", [0.5], "its last.accuracy is .*, no list of 3, one a seed"),
  ("last.accuracy.0", 1e300, r"last.accuracy\[0\] is 1e\+300, no number"),
  ("last.f1.0", float("nan"), "no number"),
  ("last.per_class.0.0", "x", r"per_class\[0\]\[0\] is 'x', no number"),
  ("selected.validator", 1, "selected.validator is 1, no text"),
  ("curves.step", 5, "its curves.step is 5, no list"),
  ("curves.loss.1", [0.1], "its curves.loss has other lengths"),
  ("confusion.0", [[1]], "its confusion is not of 10 classes"),
  ("bins", [[[1, 2]]] * 3, "rows that are not three numbers"),
  ("diverged", [1], "its diverged is"),
  ("environment.commit", 5, "its environment.commit is 5, no text"),
  ("classes", "abc", "its classes is 'abc', no list"),
  ("last.accuracy.0", 150, r"last.accuracy\[0\] is 150, not from 0 to 1"),
  ("last.accuracy.0", 0.123, r"last.accuracy\[0\] is 0.1230, and its .confusion says"),
  ("selected.accuracy.1", -0.5, "is -0.5, not from 0 to 1"),
  ("curves.target_accuracy.0.0", 1.5, "is 1.5, not from 0 to 1"),
  ("seconds", {"train": -3.0}, "seconds.train is -3.0, not from 0 to inf"),
  ("images_per_second", -1, "images_per_second is -1, not from 0 to inf"),
]


@pytest.mark.parametrize(
  ("place", "new", "message"), WRONG, ids=lambda v: "absent" if v is del_ else str(v)[:30]
)
def test_what_is_wrong_with_a_record_is_told_by_its_place(place, new, message):
  wrong = schema.record(put(RECORD, place, new))
  assert wrong
  with pytest.raises(ValueError, match=message):
    raise ValueError(schema.said(wrong))


ABOUT = {
  **dict.fromkeys(("suite", "task", "label", "date", "method"), "a"),
  **dict.fromkeys(("seed", "step", "sources", "image_size"), 0),
  "hyperparameters": {"weight": 1.0, "on": [1, None]},
  "tuning": {"name": "full", "given": {}},
  "settings": Settings()._asdict(),
  "classes": ["a", "b"],
  **dict.fromkeys(("unknown", "labelled"), False),
  "seen": {"shape": [2], "dtype": "float32"},
  "inputs": {"shape": [2], "dtype": "float32"},
  "backbone": None,
  "environment": {},
}


def test_what_a_model_says_of_itself():
  assert model_schema.about(ABOUT) is None
  for place, new in (
    ("classes", [1]),
    ("seen.shape", [-1]),
    ("inputs", []),
    ("tuning.given.rank", {}),
    ("settings.model", None),
    ("unknown", 1),
    ("backbone", {"model": "x"}),
  ):
    assert model_schema.about(put(ABOUT, place, new)), place
