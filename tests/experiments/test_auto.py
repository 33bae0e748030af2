"""`auto` chooses by label-free scores alone, falls back to source_only, and says what it has lost."""

import copy

import numpy as np
import pytest
import sample_records
import toy

from adapt.experiments import auto
from adapt.experiments.auto import Seen
from adapt.records import record, schema

PLAIN = Seen("source_only", 0.5, 0.9)


def made(label, score, source=0.9, accuracy=0.6):
  one = sample_records.make(label=label)
  seeds, steps = len(one["config"]["seeds"]), len(one["curves"]["step"])
  one["validators"] = {
    "class_ami": [[9.0] * (steps - 1) + [score]] * seeds,
    "source_accuracy": [[0.0] * (steps - 1) + [source]] * seeds,
  }
  one["last"]["accuracy"] = [accuracy] * seeds
  del one["confusion"]  # which says another
  return one


@pytest.mark.parametrize(
  ("others", "chosen"),
  [
    ([Seen("a", 0.6, 0.9), Seen("b", 0.7, 0.9)], "b"),
    ([Seen("a", 0.515, 0.9)], "source_only"),  # within the margin
    ([Seen("a", 0.545, 0.9)], "source_only"),
    ([Seen("a", 0.9, 0.7), Seen("b", 0.6, 0.85)], "a"),
    ([Seen("a", None, None)], "source_only"),
    ([Seen("a", 0.6, None)], "a"),
    ([], "source_only"),
  ],
)
def test_the_best_score_that_is_a_gain_is_chosen(others, chosen):
  assert auto.choose([PLAIN, *others]).label == chosen


def test_a_method_that_has_forgotten_the_source_is_left_where_that_is_asked_for():
  others = Seen("a", 0.9, 0.7), Seen("b", 0.6, 0.85)
  assert auto.choose([PLAIN, *others], guard=0.1).label == "b"


def test_a_lost_source_only_leaves_the_best_of_the_others():
  assert auto.choose([Seen("source_only", None, None), Seen("a", 0.1, 0.5)]).label == "a"


def test_what_decides_has_no_target_accuracy():
  one = made("dann", 0.7)
  other = copy.deepcopy(one)
  for key in ("last", "selected", "oracle", "confusion", "curves"):
    other[key] = None
  assert auto.seen(one) == auto.seen(other) == Seen("dann", pytest.approx(0.7), pytest.approx(0.9))
  assert auto.seen({**one, "diverged": {"1": 3}}) == Seen("dann", None, None)


def test_the_record_says_what_was_tried_chosen_and_lost(tmp_path):
  tried = [made("source_only", 0.5, accuracy=0.6), made("dann", 0.7, accuracy=0.65)]
  tried.append(made("dan", 0.6, accuracy=0.75))
  one = auto.summary(tried, dict.fromkeys(("source_only", "dann", "dan"), "why"), ["mcc"])
  told = one["auto"]
  assert (one["label"], one["method"], told["chosen"]) == ("auto", "dann", "dann")
  assert (told["gain"], told["regret"]) == (pytest.approx(5), pytest.approx(10))
  assert told["left_out"] == ["mcc"] and told["tried"][0]["label"] == "source_only"
  assert schema.record(one) is None
  auto.write(one, tmp_path)
  assert record.read_all(tmp_path)[0]["auto"] == told
  assert "10.0 below the best" in auto.lines(one)[-1] and "left out mcc" in auto.lines(one)[1]
  lost = {**told, "chosen": "x"}
  assert "was not tried" in schema.record({**one, "auto": lost})
  reasons = dict.fromkeys(("source_only", "dann", "dan"), "why")
  unlabelled = auto.summary([{**r, "last": None} for r in tried], reasons)
  assert (unlabelled["auto"]["gain"], unlabelled["auto"]["regret"]) == (None, None)
  assert len(auto.lines(unlabelled)) == 1 and unlabelled["auto"]["chosen"] == "dann"


def test_the_list_follows_from_the_classes():
  few, many = auto.candidates(2), auto.candidates(10)
  assert few[0].method == many[0].method == "source_only"
  assert "mcc" in [c.method for c in many] and "mcc" not in [c.method for c in few]
  assert auto.of_domains([toy.MOONS]) == few and auto.of_domains([toy.BLOBS]) == many
  unlabelled = toy.MOONS._replace(train=toy.MOONS.train._replace(y=None))
  for wrong, said in (
    (lambda: auto.candidates(5, "open"), "same classes"),
    (lambda: auto.candidates(1), "two classes"),
    (lambda: auto.of_domains([unlabelled]), "two classes"),
  ):
    with pytest.raises(ValueError, match=said):
      wrong()
  values = toy.MOONS._replace(train=toy.MOONS.train._replace(y=np.zeros((9, 1), np.float32)))
  with pytest.raises(ValueError, match="for classes"):
    auto.of_domains([values])
