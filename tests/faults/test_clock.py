"""A wall clock that goes backwards: checkpoints are still due, and nothing is mixed up."""

import time

import pytest
import toy

from adapt.experiments.run import run


@pytest.mark.holds("resumed")
def test_a_clock_that_goes_backwards_changes_nothing(tmp_path, monkeypatch):
  asked = toy.experiment("dann", steps=40, evaluations=4, seeds=(0,))
  [straight] = run(asked, tmp_path / "straight", domains=toy.load).records
  now, looks, steps = [time.time_ns()], [0], []

  def earlier():  # each look is an hour before the last one
    now[0] -= 3600 * 10**9
    looks[0] += 1
    return now[0]

  monkeypatch.setattr(time, "time_ns", earlier)
  monkeypatch.setattr(time, "time", lambda: earlier() / 1e9)
  with pytest.raises(toy.Crash):
    run(asked, tmp_path / "back", domains=toy.load, report=toy.crash_at(30), minutes=0)
  went_on = run(
    asked, tmp_path / "back", domains=toy.load, report=lambda s, *_: steps.append(s), minutes=0
  )
  assert looks[0]  # by orbax: what is ours does not look
  assert steps and steps[0] > 10  # it did not start over
  toy.assert_same_numbers(went_on.records[0], straight)
