"""README's table of kinds of data: which tasks count, and what is best."""

import runpy
from pathlib import Path

import sample_records

block = runpy.run_path(str(Path(__file__).parents[1] / "scripts" / "kinds_block.py"))["block"]


def made(task, label, level, seeds=2):
  return sample_records.make(task, label, level, seeds=seeds)


def test_the_best_without_target_labels_over_the_tasks_of_both_bounds():
  levels = {"source_only": 0.5, "dann": 0.7, "coral": 0.6, "target_only": 0.9}
  records = [made(task, n, v) for task in ("a_b", "b_a") for n, v in levels.items()]
  records.append(made("c_a", "source_only", 0.1))  # a task without the bound
  records.append(made("a_b", "mcd", 0.8))  # not on every task
  few = made("a_b", "fine_tune", 0.85), made("b_a", "fine_tune", 0.85)
  for record in few:
    record["examples"] = {**record["examples"], "labelled": 10}
  [line] = [x for x in block([*records, *few], {}).splitlines() if "digits" in x]
  means = dict(zip(("source", "best", "target"), line.split("|")[3:6], strict=True))
  assert "dann" in means["best"]
  numbers = [float(v.split()[-1]) for v in means.values()]
  assert numbers == sorted(numbers) and numbers[0] > 40


def test_a_suite_without_its_bounds_is_left_out():
  assert "digits" not in block([made("a_b", "source_only", 0.5)], {})
