"""Gains, iterates and validators as tables: what they say, and when they say nothing."""

import copy

import numpy as np
import pytest
import sample_records

from adapt.report import comparisons, significance

TASKS = [f"s{i}_t{i}" for i in range(8)]
RISE = np.random.default_rng(0).uniform(0.01, 0.2, 8)


def record(label, task, accuracy, weight=1.0):
  made = sample_records.make(task, label, 0.5, seeds=len(accuracy))
  made["last"] = {"accuracy": list(accuracy)}
  made["config"]["hyperparameters"] = {"weight": weight}
  return made


BASE = [record("source_only", t, [0.5, 0.6]) for t in TASKS]
OURS = [record("dann", t, [0.5 + r, 0.6 + r]) for t, r in zip(TASKS, RISE, strict=True)]
NULL = [record("dann-weight=0.0", t, [0.48, 0.58], weight=0.0) for t in TASKS]


def cells(sheet):
  return {line.name: [e.text for e in line.entries] for line in sheet.lines}


def test_gains_stand_beside_gains_over_the_null_control():
  worse = [record("afn", t, [0.3 + r / 9, 0.4]) for t, r in zip(TASKS, RISE, strict=True)]
  noise = [record("mcc", t, [0.5 + 0.1 * (-1) ** i, 0.6]) for i, t in enumerate(TASKS)]
  sheet = comparisons.gains([*BASE, *OURS, *worse, *noise, *NULL], None)
  found = cells(sheet)
  assert list(found) == ["dann", "mcc", "dann-weight=0.0", "afn"]  # in the order of their gains
  assert found["dann"][2:4] == ["above", "8/8"] and found["afn"][2:4] == ["below", "0/8"]
  assert found["mcc"][2:] == ["–", "4/8", "–", "–"]
  dann = sheet.lines[0].entries
  assert dann[0].value == pytest.approx(100 * RISE.mean())
  assert dann[4].value == pytest.approx(100 * RISE.mean() + 2)  # what the term itself did
  assert dann[4].low < dann[4].value < dann[4].high
  # Four methods over source_only, one over its null control: Holm corrects each column by itself.
  p = 2 / 2**8
  assert dann[5].value == pytest.approx(p) and dann[1].value == pytest.approx(4 * p)


def test_tasks_of_other_examples_give_no_gain():
  def on(data, *records):
    return [{**r, "config": {**r["config"], "data": {"s": data}}} for r in records]

  sheet = comparisons.gains([*on("a", *BASE), *on("a", *OURS[:5]), *on("b", *OURS[5:])], None)
  assert cells(sheet)["dann"][3] == "5/5"
  assert comparisons.gains([*on("a", *BASE), *on("b", *OURS)], None) is None


def test_few_tasks_have_a_mean_and_no_verdict():
  found = cells(comparisons.gains([*BASE[:2], *OURS[:2], *NULL[:1]], None))
  mean = 100 * RISE[:2].mean()
  alone = 100 * RISE[0] + 2
  assert found["dann"] == [f"{mean:+.1f} (2 tasks)", "–", "–", "2/2", f"{alone:+.1f} (1 task)", "–"]


def test_without_source_only_there_is_the_null_control_alone():
  found = cells(comparisons.gains([*OURS, *NULL], None))
  assert list(found) == ["dann"] and found["dann"][:4] == ["–"] * 4 and "[" in found["dann"][4]
  assert comparisons.gains(BASE, None) is None
  assert comparisons.gains(OURS, None) is None


def test_iterates_are_kept_apart():
  sheet = comparisons.iterates([sample_records.make(level=0.9)], None)
  last, selected, oracle, validator, tasks = sheet.lines[0].entries
  assert oracle.value > last.value > selected.value
  assert (validator.text, tasks.text) == ("information_maximisation", "1/1")
  bare = sample_records.make()
  bare.update(last=None, selected=None, oracle=None)
  assert cells(comparisons.iterates([bare], None))["dann"] == ["–"] * 4 + ["1/1"]


def test_validators_have_rank_and_regret():
  made = [sample_records.make(t, label) for t in TASKS[:2] for label in ("source_only", "dann")]
  assert comparisons.validators(made) is None  # none has scores
  for r in made:
    curve = r["curves"]["target_accuracy"]
    r["validators"] = {"good": curve, "bad": [[-v for v in seed] for seed in curve]}
  found = cells(comparisons.validators(made))
  assert list(found) == ["bad", "good", "last (no validator)"]
  assert found["good"] == ["1.00", "1.00", "0.0", "0.0", "12"]
  assert found["bad"][:2] == ["-1.00", "-1.00"] and float(found["bad"][3]) >= float(found["bad"][2])
  assert found["last (no validator)"][:2] == ["–", "–"]


def test_records_of_different_ages_share_a_table():
  old, new = sample_records.make(TASKS[0]), sample_records.make(TASKS[1])
  old["validators"] = {"entropy": old["curves"]["target_accuracy"]}
  new["validators"] = copy.deepcopy(old["validators"]) | {"snd": new["curves"]["target_accuracy"]}
  found = cells(comparisons.validators([old, new]))
  assert (found["entropy"][-1], found["snd"][-1]) == ("6", "3")


def test_a_verdict_needs_both():
  assert comparisons._verdict(significance.Gain(0.1, 0.05, 0.2, 0.01, 8, 8), 0.04) == "above"
  assert comparisons._verdict(significance.Gain(0.1, 0.05, 0.2, 0.01, 8, 8), 0.06) == "–"
  assert comparisons._verdict(significance.Gain(0.1, -0.05, 0.2, 0.01, 8, 8), 0.04) == "–"
  assert comparisons._verdict(None, None) == "–"
