"""Paired gains: by hand, against scipy and known corrections, and what they refuse to say."""

import copy

import numpy as np
import pytest
from scipy import stats

from adapt import significance, tables
from adapt.suite import Settings


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


def test_the_table_says_who_is_above():
  worse = [record("afn", t, [0.3, 0.4]) for t in TASKS]
  noise = [record("mcc", t, [0.5 + 0.1 * (-1) ** i, 0.6]) for i, t in enumerate(TASKS)]
  null = [record("dann-weight=0.0", t, [0.5, 0.6], weight=0.0) for t in TASKS]
  text = tables.gain_table([*BASE.values(), *OURS.values(), *worse, *noise, *null], None)
  lines = {line.split(" | ")[0][2:]: line for line in text.splitlines() if line.startswith("| ")}
  assert " above | 8/8 | +" in lines["dann"]
  assert " below | 0/8 | – |" in lines["afn"] and " – | 4/8 | – |" in lines["mcc"]
  assert list(lines)[2] == "dann" and list(lines)[-1] == "afn"  # in the order of their gains
  assert tables.gain_table(list(BASE.values()), None) == ""
