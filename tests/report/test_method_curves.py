"""A method's curves are means over the tasks that count, by hand; what is no history is left out."""

import statistics

import pytest
import sample_records

from adapt.report import method_curves
from adapt.report.summary import judged

STEPS = [100, 200]


def made(task, label, *seeds, steps=STEPS, **changes):
  """A record whose seeds have these curves of accuracy."""
  record = sample_records.make(task, label, seeds=len(seeds), **changes)
  record["curves"] = {"step": steps, "target_accuracy": list(seeds)}
  return record


DANN = [
  made("a_b", "dann", [0.2, 0.4], [0.4, 0.8]),
  made("b_a", "dann", [0.6, 0.6], [0.6, 0.8]),
]
BASE = [made(task, "source_only", [0.1, 0.2]) for task in ("a_b", "b_a")]


def test_the_mean_over_tasks_and_its_spread_over_seeds():
  one = method_curves.panel("dann", [*DANN, *BASE])
  assert (one.suite, one.measure, one.tasks, one.seeds) == ("digits", "accuracy", 2, 2)
  steps, cells = one.curves["dann"]
  assert steps == (100, 200)
  assert [cell.mean for cell in cells] == pytest.approx([0.45, 0.65])
  assert cells[1].std == pytest.approx(statistics.stdev([0.5, 0.8]))
  assert [cell.mean for cell in one.curves["source_only"][1]] == pytest.approx([0.1, 0.2])
  assert one.level is None


def test_target_only_is_a_level_where_it_has_all_tasks():
  bound = [made(task, "target_only", [0.5, 0.9]) for task in ("a_b", "b_a")]
  assert method_curves.panel("dann", [*DANN, *BASE, *bound]).level == pytest.approx(0.9)
  assert method_curves.panel("dann", [*DANN, *BASE, *bound[:1]]).level is None
  own = method_curves.panel("target_only", [*BASE, *bound])
  assert list(own.curves) == ["source_only", "target_only"] and own.level is None


def test_tasks_are_those_of_the_same_steps_that_source_only_has():
  other = made("c_a", "dann", [0.0, 0.0, 0.0], steps=[1, 2, 3])
  base = made("c_a", "source_only", [0.0, 0.0])
  assert method_curves.panel("dann", [*DANN, other, *BASE, base]).tasks == 2
  [only] = method_curves.panel("dann", [*DANN, BASE[0]]).curves["dann"][1][:1]
  assert only.mean == pytest.approx(0.3)  # of a_b alone
  alone = method_curves.panel("dann", DANN)
  assert alone.tasks == 2 and list(alone.curves) == ["dann"]


def test_a_seed_that_diverged_has_no_part():
  lost = made("a_b", "dann", [0.2, 0.4], [0.4, 0.0], diverged={"1": 150})
  cells = method_curves.panel("dann", [lost, *DANN[1:], *BASE]).curves["dann"][1]
  assert [(cell.mean, cell.n) for cell in cells] == [(pytest.approx(0.4), 1), (0.5, 1)]


def test_without_a_history_there_is_no_panel():
  assert method_curves.panel("dann", BASE) is None
  assert method_curves.panel("dann", [made("a_b", "dann", [0.3], steps=[1]), *BASE]) is None
  none = made("a_b", "dann", [0.3, 0.4], diverged={"0": 1})
  assert method_curves.panel("dann", [none, *BASE]) is None


def test_the_suite_s_measure_is_drawn_where_every_curve_has_it():
  of_f1 = [judged(r, "f1") for r in (*DANN, *BASE)]
  assert method_curves.panel("dann", of_f1).measure == "accuracy"
  for record in of_f1:
    record["curves"] = {**record["curves"], "target_f1": record["curves"]["target_accuracy"]}
  assert method_curves.panel("dann", of_f1).measure == "f1"


def test_panels_are_named_and_their_lines_told_apart_without_colours():
  one = method_curves.panel("dann", [*DANN, *BASE])._replace(level=0.9)
  assert method_curves.figure("dann", []) is None
  drawn = method_curves.figure("dann", [one] * 3)
  shown = [axis for axis in drawn.axes if axis.get_visible()]
  assert len(shown) == 3 and shown[0].get_title() == "digits: 2 tasks, 2 seeds"
  assert shown[0].get_xlabel() == "step" and shown[0].get_ylabel() == "accuracy (%)"
  [legend] = drawn.legends
  names = [text.get_text() for text in legend.get_texts()]
  assert names == ["source_only", "dann", "target_only, last step"]
  assert len({line.get_linestyle() for line in shown[0].get_lines()}) == 3
  assert shown[0].get_lines()[1].get_ydata() == pytest.approx([45, 65])
