"""Groups in Python: the worst one's accuracy is that of the predictions, and nothing else moves."""

import numpy as np
import pandas as pd
import pytest
import toy

import adapt
from adapt.api import arrays
from adapt.data.reading import Reading
from adapt.report import remarks
from adapt.report.summary import judged

SMALL = {"steps": 40, "evaluations": 1, "batch_size": 32, "seeds": 2}
SOURCE, TARGET = (toy.MOONS.train.x, toy.MOONS.train.y), toy.TURNED.train.x
TEST = (toy.TURNED.test.x, toy.TURNED.test.y)
GROUPS = np.where(TEST[0][:, 0] > 0.3, "right", "left")


def test_the_worst_group_is_that_of_the_predictions_and_nothing_else_moves():
  options = {"source": SOURCE, "target": TARGET, "test": TEST, **SMALL}
  plain, run = (adapt.fit("source_only", groups=g, **options) for g in (None, GROUPS))
  assert run.record["groups"] == ["left", "right"]
  for i, seed in enumerate(run.seeds):
    right = run.predict(TEST[0], seed) == TEST[1]
    each = [right[name == GROUPS].mean() for name in ("left", "right")]
    assert run.record["last"]["per_group"][i] == pytest.approx(each)
    assert run.measures["worst_group_accuracy"][i] == pytest.approx(min(each))
    assert each[0] != each[1]
  assert run.record["parameters"] == plain.record["parameters"]
  assert run.record["validators"] == plain.record["validators"]
  assert "worst_group_accuracy" not in plain.measures and "per_group" not in run.measures
  asked = judged(plain.record, "worst_group_accuracy")
  assert any("no groups (--groups names" in line for line in remarks.remarks([asked]))


def test_a_frame_s_column_of_groups_is_no_feature():
  frame = pd.DataFrame(SOURCE[0], columns=["a", "b"]).assign(label=SOURCE[1], ward=SOURCE[1])
  reading = Reading(groups="ward")
  source, target = arrays.domains_of(frame, frame, reading=reading)
  assert source.features == target.features == ("a", "b")
  np.testing.assert_array_equal(target.groups, target.test.y.astype(str))
  test = frame.iloc[:10].assign(ward="x")
  _, target = arrays.domains_of(frame, frame[["a", "b"]], test, reading=reading)
  assert target.groups.tolist() == ["x"] * 10


def test_groups_of_a_split_target_go_with_its_rows_and_others_are_refused(tmp_path):
  y = toy.TURNED.train.y
  _, target = arrays.domains_of(SOURCE, (TARGET, y), groups=y)
  np.testing.assert_array_equal(target.groups, target.test.y.astype(str))
  with pytest.raises(ValueError, match=r"groups has shape \[3\] for 320 examples"):
    arrays.domains_of(SOURCE, (TARGET, y), groups=[1, 2, 3])
  with pytest.raises(ValueError, match="groups go with arrays"):
    arrays.domains_of(SOURCE, "usps", groups=[1, 2, 3])


@pytest.mark.parametrize(
  ("reading", "message"),
  [
    (Reading(output="values"), "output is values: leave them out"),
    (Reading(transductive=True), "which transductive makes anew"),
    (Reading(window=2), "which window makes anew"),
  ],
)
def test_groups_that_nothing_is_measured_by_are_refused(reading, message):
  with pytest.raises(ValueError, match=message):
    arrays.domains_of(SOURCE, (TARGET, toy.TURNED.train.y), groups=[1], reading=reading)
