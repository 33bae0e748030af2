"""When a method looks at its data: at its own steps, whoever evaluates on the way."""

import numpy as np
import pytest
import toy

from adapt.experiments.run import run
from adapt.training import loop, refreshing
from adapt.training.feed import Feed
from adapt.training.joint_tasks import Part
from adapt.training.pytree_io import digest

# Methods that refresh or remember, and one that does neither.
LOOKED_AT = {
  "shot": {"refreshes": 4},
  "aad": {},
  "nrc": {},
  "atdoc": {},
  "dance": {},
  "source_only": {},
}
STEPS = 40  # pieces of all runs are longer than a step, which the tests' own flags round otherwise


@pytest.mark.parametrize(
  ("refreshes", "steps", "at"),
  [(1, 10, [0]), (3, 10, [0, 3, 6]), (15, 2000, [i * 2000 // 15 for i in range(15)])],
)
def test_refreshes_are_due_at_equal_shares_from_the_first_step_on(refreshes, steps, at):
  assert refreshing.due(refreshes, steps) == at


def test_a_run_shorter_than_its_refreshes_has_one_a_step():
  assert refreshing.due(15, 4) == [0, 1, 2, 3]
  with pytest.raises(ValueError, match="refreshes is 0: choose at least 1"):
    refreshing.due(0, 4)


def recorded(at, done=0):
  """A feed whose state is the list of what happened, with metrics of two cells at each step."""
  now = [done]

  def piece(mapped, steps):
    first = now[0]
    now[0] += steps
    losses = np.array([np.arange(first, now[0]), np.full(steps, 2)], float)
    return [*mapped, steps], [(steps, {"loss": losses})]

  return refreshing.refreshed(Feed(piece), lambda mapped: [*mapped, "refresh"], at, done)


def test_steps_are_cut_at_refreshes_and_their_metrics_joined():
  fed = recorded([0, 3, 6])
  now, metrics = fed.advance([], 4)
  assert now == ["refresh", 3, "refresh", 1]
  np.testing.assert_allclose(metrics["loss"], [1.5, 2.0])
  now, metrics = fed.advance([], 6)
  assert now == [2, "refresh", 4]
  np.testing.assert_allclose(metrics["loss"], [6.5, 2.0])


def test_a_run_that_continues_refreshes_what_is_due_at_its_first_step():
  assert recorded([0, 3, 6], done=3).advance([], 3)[0] == ["refresh", 3]
  assert recorded([0, 3, 6], done=4).advance([], 3)[0] == [2, "refresh", 1]


@pytest.mark.parametrize("method", LOOKED_AT)
def test_evaluations_move_no_parameter(method):
  def digests(evaluations):
    changes = {"given": {**toy.needs(method).given, **LOOKED_AT[method]}, "seeds": (0,)}
    asked = toy.experiment(method, steps=STEPS, evaluations=evaluations, **changes)
    part = Part(asked.setup, asked.points, toy.data_of(asked))
    [trained] = loop.train([part], lambda *_: None)
    return digest({"params": trained.mapped.ts.params, "stats": trained.mapped.ts.state["stats"]})

  assert digests(1) == digests(5)


def test_an_interrupted_run_refreshes_as_if_it_had_not_been(tmp_path):
  asked = toy.experiment("shot", steps=STEPS, evaluations=4, given={"refreshes": 4}, seeds=(0,))
  [straight] = run(asked, tmp_path / "a", domains=toy.load).records
  [resumed] = toy.interrupted(asked, tmp_path / "b", 20)
  toy.assert_same_numbers(resumed, straight)
