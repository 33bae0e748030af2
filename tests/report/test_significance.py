"""Paired gains: by hand, against scipy and known corrections, and what they refuse to say."""

import copy

import numpy as np
import pytest
from scipy import stats

from adapt.report import significance
from adapt.training.settings import Settings


def record(label, task, accuracy, weight=1.0):
  config = {
    "seeds": list(range(len(accuracy))),
    "settings": Settings()._asdict(),
    "hyperparameters": {"weight": weight},
    "data": {},
  }
  return {
    "suite": "s",
    "task": task,
    "label": label,
    "method": label.split("-")[0],
    "config": config,
    "last": {"accuracy": accuracy},
  }


TASKS = [f"task{i}" for i in range(8)]
rng = np.random.default_rng(0)
BASE = {t: record("source_only", t, [0.5, 0.6]) for t in TASKS}
RISEN = {t: float(rng.uniform(0.01, 0.2)) for t in TASKS}
OURS = {t: record("dann", t, [0.5 + RISEN[t], 0.6 + RISEN[t]]) for t in TASKS}


def test_differences_are_paired_by_task_and_seed():
  ours = copy.deepcopy(OURS)
  ours["task0"]["last"]["accuracy"] = [None, 0.9]  # the first seed diverged: the second is compared
  ours["elsewhere"] = record("dann", "elsewhere", [0.9, 0.9])
  found = significance.differences(ours, BASE)
  assert set(found) == set(TASKS)
  assert found["task0"] == pytest.approx(0.3)
  assert found["task1"] == pytest.approx(RISEN["task1"])


@pytest.mark.parametrize("n", [7, 9, 13])
def test_tied_and_equal_differences_are_tested_as_scipy_does(n):
  rng = np.random.default_rng(n)
  for most in (2, 4):
    values = {f"task{i}": float(v) for i, v in enumerate(rng.integers(-1, most, n))}
    tested = stats.wilcoxon([values[t] for t in sorted(values)]).pvalue
    assert significance.tasks_differ(values) == pytest.approx(tested, rel=1e-12)


def test_a_gain_has_its_mean_interval_and_test():
  found = significance.gain(RISEN)
  values = np.array(list(RISEN.values()))
  assert found.mean == pytest.approx(values.mean()) and found.wins == found.tasks == 8
  error = values.std(ddof=1) / np.sqrt(8)
  assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.5 * error)
  assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.5 * error)
  assert found.p == pytest.approx(2 / 2**8)  # all of one sign: exact
  mixed = {t: v * (-1) ** i for i, (t, v) in enumerate(RISEN.items())}
  assert significance.gain(mixed).p == pytest.approx(stats.wilcoxon(list(mixed.values())).pvalue)
  assert significance.gain(mixed).low < 0 < significance.gain(mixed).high
  assert found == significance.gain(RISEN)  # the same records give the same text


def test_two_tasks_say_nothing_and_equal_differences_need_no_bootstrap():
  assert significance.gain({"a": 0.1, "b": 0.2}) is None
  assert significance.gain(dict.fromkeys("abc", 0.0)).p == 1
  assert significance.gain(dict.fromkeys("abc", 0.1))[:3] == pytest.approx((0.1, 0.1, 0.1))


def test_holm_corrects_in_order():
  # Holm (1979): the smallest times 3, then 2, then 1, never falling.
  assert significance.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
  assert significance.holm([0.9, 0.8]) == [1.0, 1.0]


def test_a_null_control_is_the_same_configuration_at_weight_0():
  null = record("dann-weight=0.0", "task0", [0.5], weight=0.0)
  other = copy.deepcopy(null)
  other["config"]["settings"]["lr"] = 7.0
  assert significance.null_of(OURS["task0"], [other]) is None
  assert (
    significance.null_of(
      {**OURS["task0"]}, [other, {**null, "config": null["config"] | {"seeds": [0, 1]}}]
    )
    == "dann-weight=0.0"
  )


def test_a_null_control_may_have_other_seeds():
  null = record("dann-weight=0.0", "task0", [0.5, 0.6, 0.7], weight=0.0)
  assert len(null["config"]["seeds"]) != len(OURS["task0"]["config"]["seeds"])
  assert significance.null_of(OURS["task0"], [null]) == "dann-weight=0.0"


def test_fewer_than_six_tasks_cannot_tell():
  assert significance.tasks_differ(RISEN) == pytest.approx(2 / 2**8)
  six, five = (dict(list(RISEN.items())[:n]) for n in (6, 5))
  assert significance.tasks_differ(six) == pytest.approx(2 / 2**6)
  assert significance.tasks_differ(five) is None


def test_whoever_is_below_by_the_test_is_not_above_by_a_mean():
  one_task = {"task0": 0.3} | {f"task{i}": -0.002 * i for i in range(1, 12)}
  assert np.mean(list(one_task.values())) > 0
  assert significance.tasks_differ(one_task) < significance.LEVEL
  assert significance.tasks_above(one_task) == 1
  turned = {task: -v for task, v in one_task.items()}
  assert significance.tasks_above(turned) == significance.tasks_differ(turned)
  assert significance.tasks_above(dict(list(one_task.items())[:5])) is None
  a, b = {0: 0.5, 1: 0.51, 2: 0.5, 3: 0.95}, {0: 0.55, 1: 0.561, 2: 0.551, 3: None}
  assert significance.seeds_differ(a, b) < significance.LEVEL
  assert significance.seeds_above(a, b) == 1
  assert significance.seeds_above(b, a) == significance.seeds_differ(a, b)
  assert significance.seeds_above(a, dict(list(b.items())[:2])) is None


def test_seeds_are_paired():
  a, b = {0: 0.5, 1: 0.6, 2: 0.71, 3: None}, {0: 0.4, 1: 0.52, 2: 0.6, 3: 0.1, 9: 0.9}
  wanted = stats.ttest_rel([0.5, 0.6, 0.71], [0.4, 0.52, 0.6]).pvalue
  assert significance.seeds_differ(a, b) == pytest.approx(wanted)
  assert significance.seeds_differ({0: 0.5, 1: 0.6}, {0: 0.4, 1: 0.4}) is None
  assert significance.seeds_differ(dict.fromkeys(range(3), 0.5), dict.fromkeys(range(3), 0.5)) == 1
  assert (
    significance.seeds_differ(dict.fromkeys(range(3), 0.5), dict.fromkeys(range(3), 0.4)) is None
  )


def test_leaders_are_best_alone_or_tied():
  means = {"a": 0.9, "b": 0.8, "c": 0.7}

  def leaders(**ps):
    return significance.leaders(means, lambda top, other: ps[other])

  assert leaders(b=0.01, c=0.001) == {"a": "best"}
  assert leaders(b=0.5, c=0.001) == {"a": "tie", "b": "tie"}
  assert leaders(b=0.03, c=0.04) == {"a": "tie", "b": "tie", "c": "tie"}  # Holm: 2 × 0.03
  assert leaders(b=None, c=0.001) == {}  # best of what, if not of b?
  assert leaders(b=None, c=None) == {}
  assert significance.leaders({"a": 0.9}, lambda *_: 0.0) == {}
