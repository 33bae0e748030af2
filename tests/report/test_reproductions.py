"""The scoreboard: verdicts by hand, what is missing, and the page."""

import numpy as np
import pytest
import sample_records

from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import by_recipe
from adapt.report import reproductions

SUITE = sample_records.SUITE
PUBLISHED = SUITE.reported[0]


def records(spread=0.001, **levels):
  """One record a task whose accuracies are exactly these percents, over two seeds."""
  made = []
  for task, percent in levels.items():
    item = sample_records.make(task, "dann", 0.9, seeds=2)
    item["last"]["accuracy"] = [percent / 100 - spread, percent / 100 + spread]
    made.append(item)
  return made


def first(made):
  return reproductions.compare(made, SUITE)[0]


@pytest.mark.parametrize(
  ("usps", "verdict", "exact"),
  [
    (94.8, "exact", 3),
    (97.6, "reproduced", 2),
    (91.8, "reproduced", 2),
    (97.9, "above", 2),
    (91.5, "below", 2),
  ],
)
def test_verdicts(usps, verdict, exact):
  found = first(records(mnist_usps=90.4, usps_mnist=usps, svhn_mnist=84.2))
  assert (found.verdict, found.exact, found.tasks) == (verdict, exact, 3)
  assert found.ours == pytest.approx((90.4 + usps + 84.2) / 3)
  assert found.theirs == pytest.approx(np.mean([90.4, 94.7, 84.2]))
  assert found.difference == pytest.approx((usps - 94.7) / 3)
  assert found.largest == pytest.approx(abs(usps - 94.7))


def test_what_our_own_seeds_explain_is_reproduced():
  levels = {"mnist_usps": 90.4, "usps_mnist": 91.0, "svhn_mnist": 84.2}
  assert first(records(**levels)).verdict == "below"
  assert first(records(spread=0.01, **levels)).verdict == "reproduced"


def test_large_differences_that_cancel_are_not_exact():
  found = first(records(mnist_usps=95.4, usps_mnist=89.7, svhn_mnist=84.2))
  assert found.verdict == "reproduced" and found.largest == pytest.approx(5.0) and found.exact == 1


def test_the_page_shows_rows_by_recipe_and_what_they_follow():
  recipe = Recipe("dann", ("mnist_usps",), "a file @ 1234567", {"lr": 0.1}, departs="the critic")
  suite = SUITE._replace(recipes=(recipe,))
  suite = suite._replace(reported=(*suite.reported, *by_recipe(suite)))
  made = records(mnist_usps=90.4)
  made[0]["label"] = "dann-recipe=paper"
  text = reproductions.page(made, {"digits": suite})
  assert "| DANN [3], dann-recipe=paper (2) | 90.4 | 90.4 |" in text
  assert "- `dann` on mnist_usps: by the recipe of a file @ 1234567; departs in the critic." in text


def test_averages_are_over_the_tasks_that_both_have():
  found = first(records(mnist_usps=92.4))
  assert found.theirs == 90.4 and found.difference == pytest.approx(2.0)
  text = reproductions.page(records(mnist_usps=92.4), {"digits": SUITE})
  assert "above, 1 of 3 tasks" in text


def test_what_was_not_run_is_said():
  found = reproductions.compare(records(mnist_usps=90.4), SUITE)
  assert [one.verdict for one in found] == ["exact", "not run"]
  assert found[1].difference is None and len(reproductions.lines(found)) == 1
  page = reproductions.page([], {"digits": SUITE})
  assert "no records: digits (2)." in page and "## digits" not in page


def test_another_suite_s_records_do_not_count():
  other = [{**r, "suite": "letters"} for r in records(mnist_usps=90.4)]
  assert first(other).verdict == "not run"


def test_the_page_says_why_or_that_it_is_not_explained():
  made = records(mnist_usps=80.0, usps_mnist=94.7, svhn_mnist=84.2)
  page = reproductions.page(made, {"digits": SUITE})
  assert "| digits | 2 | 0 | 0 | 0 | 1 | 1 |" in page
  assert "| 86.3 | 89.8 | -3.5 | 10.4 | 2 of 3 | below |" in page
  assert "Ours differs: not explained" in page
  named = SUITE._replace(reported=(PUBLISHED._replace(cause="another split"),))
  assert "Ours differs: another split" in reproductions.page(made, {"digits": named})
