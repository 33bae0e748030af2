"""Leave-one-domain-out validation: the mean over sources of a run that leaves each out."""

import numpy as np
import pytest
import toy

from adapt.data import Split
from adapt.experiments import search
from adapt.experiments.run import run
from adapt.experiments.suite import Task

UNSEEN = Task("unseen_turned", ("moons", "tilted"), "turned", unseen=True)
SHORT = {"steps": 40, "evaluations": 2, "seeds": (0, 1), "task": UNSEEN}


def judged_on_training(name):
  """The toy domain, judged on what it is trained on elsewhere."""
  d = toy.load(name)
  return d._replace(test=d.train)


def nothing_of_the_target(name):
  d = toy.load(name)
  return d if name != "turned" else d._replace(train=Split(d.train.x * np.nan, None))


@pytest.mark.compares("runs that leave each source out, by hand", "validators/leave_one_domain_out")
def test_the_score_is_the_mean_of_runs_that_leave_each_source_out(tmp_path):
  asked = toy.experiment("source_only", **SHORT, validator="leave_one_domain_out")
  [record] = run(asked, tmp_path, domains=nothing_of_the_target).records
  by_hand = []
  for source, left_out in (("tilted", "moons"), ("moons", "tilted")):
    task = Task(f"without_{left_out}", (source,), left_out, unseen=True)
    one = toy.experiment("source_only", **{**SHORT, "task": task})
    [own] = run(one, tmp_path / "by_hand", domains=judged_on_training).records
    by_hand.append(own["last"]["accuracy"])
  scores = record["validators"]["leave_one_domain_out"]
  assert [s[:-1] for s in scores] == [[None], [None]]  # the last iterate alone is judged
  np.testing.assert_allclose([s[-1] for s in scores], np.mean(by_hand, axis=0), atol=1e-6)
  assert record["selected"]["step"] == [40, 40]
  assert not list(tmp_path.glob("**/without_*/*without*"))


def test_settings_are_chosen_by_it(tmp_path):
  asked = toy.experiment(
    "source_only",
    **{**SHORT, "seeds": (0,)},  # as many cells as above, so that its programs serve
    validator="leave_one_domain_out",
    sweep={"lr": (1e-6, 0.1)},
  )
  [record] = run(search.searching(asked, 0, "grid"), tmp_path, domains=toy.load).records
  found = record["search"]
  scores = [c["validators"]["leave_one_domain_out"] for c in found["candidates"]]
  assert found["validator"] == "leave_one_domain_out"
  assert scores[0] < scores[1] and found["chosen"] == 1  # at 1e-6 nothing is learnt
  assert record["config"]["settings"]["lr"] == pytest.approx(0.1)
