"""What records and models keep of how inputs are made."""

import pytest

from adapt.data import Reading
from adapt.data.preprocessing import Preprocessing, for_later, of

MADE = Preprocessing(
  {"label": "sick", "drop": ["name"], "missing": ["n/a"], "scale": "robust"},
  ("a",),
  ({"step": "scale", "how": "robust", "centre": [1.0], "width": [2.0]},),
)


def test_later_data_are_read_as_in_training_but_for_what_is_given():
  assert for_later(MADE, {}) == Reading(label="sick", missing=("n/a",))
  assert for_later(MADE, {"label": "ill"}) == Reading(label="ill", missing=("n/a",))


def test_what_training_has_settled_is_refused():
  with pytest.raises(ValueError, match=r"--scale is settled by the model"):
    for_later(MADE, {"scale": "none"})


def test_a_record_has_lengths_and_a_digest_that_tells_what_was_learnt():
  summary = MADE.summary
  assert summary["steps"] == [{"step": "scale", "how": "robust", "centre": 1, "width": 1}]
  other = MADE._replace(steps=({**MADE.steps[0], "width": [3.0]},))
  assert summary["digest"] != other.summary["digest"]
  assert of({"preprocessing": MADE._asdict()}) == MADE and of({}) is None
  assert MADE.step("scale") is MADE.steps[0] and MADE.step("table") is None
