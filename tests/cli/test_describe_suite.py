"""A suite in full: tasks, settings, protocol, published rows."""

import json

import pytest

from adapt.cli import bench, commands, describe_suite


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setenv("COLUMNS", "80")


def test_a_suite_in_full(capsys):
  assert commands.main(["suites", "digits"]) == 0
  page = capsys.readouterr().out
  for part in (
    "protocol\n  full source training set",
    "tasks (8)\n",
    "  mnist_usps          mnist → usps\n",
    "settings\n  --model lenet --steps 2000 --batch-size 64 --lr 0.1\n",
    "  dann          --ramp 2.0\n",
    "  mean_teacher  --no-mirror\n",
    "the papers' own settings (--recipe paper)\n  cdan ",
    "published rows, in percent (31)\n",
    "beside source_only: mnist_usps 82.03",
    "run it\n  adapt bench digits source_only dann --task mnist_usps\n",
  ):
    assert part in page, part


@pytest.mark.parametrize("name", bench.files())
def test_every_suite_fits_80_columns(name):
  page = describe_suite.page(bench.get(name))
  assert max(map(len, page.splitlines())) <= 80
  assert f"adapt bench {name} " in page


def test_many_numbers_are_an_average_and_whole_for_programs():
  found = bench.get("surf_splits")
  page = describe_suite.page(found)
  assert "beside gfk: 43.4 on average over 12 tasks" in page
  assert "methods, in closed form\n  source_only, svm_rbf" in page and "settings" not in page
  content = json.loads(describe_suite.as_json(found))
  [row] = [r for r in content["reported"] if r["label"] == "GFK"]
  assert len(row["accuracy"]) == 12 and row["accuracy"]["surf_amazon_caltech10"] == 38.3


def test_classes_that_are_not_shared_are_said():
  page = describe_suite.page(bench.get("digits_open"))
  assert "mnist (open)" in page or "(open)" in page
  content = json.loads(describe_suite.as_json(bench.get("digits_open")))
  assert content["tasks"][0]["classes"] == {"shared": 5, "source_private": 0, "target_private": 5}


def test_an_unseen_target_is_said_and_the_example_is_no_method_that_reads_it():
  page = " ".join(describe_suite.page(bench.get("heart_dg")).split())
  assert "heart_va → heart_cleveland (unseen)" in page
  assert page.endswith("adapt bench heart_dg source_only vrex --task unseen_cleveland")


def test_the_evaluation_that_a_suite_s_tables_show_is_said():
  assert "the evaluation that source_accuracy scores best" in describe_suite.page(
    bench.get("amazon_paper")
  )
