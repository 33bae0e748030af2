"""How training is cut into pieces by time: short at first, then of a few seconds each."""

import contextlib
import os
import signal

import jax
import numpy as np
import pytest
import toy

from adapt.experiments import plan
from adapt.experiments.run import run
from adapt.training import history, live, loop, pace, pytree_io, stopping
from adapt.training.setup import Feed

SHORT = {"steps": 14, "evaluations": 2, "seeds": (0, 1)}


@pytest.fixture
def clock(monkeypatch):
  """Time goes on only while the device is waited for: half a second a step."""
  now = [0.0]
  monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])

  def waited(steps):
    now[0] += steps / 2

  monkeypatch.setattr(jax, "block_until_ready", waited)
  return now


def test_a_piece_takes_seconds_whatever_a_step_takes(clock):
  cut = pace.Pace()
  assert cut.steps(1000) == 1  # nothing is known yet
  assert cut.launched(1, 1, clock[0]) == 0  # so it is waited for
  assert cut.steps(1000) == 4 == pace.SECONDS * 2
  assert cut.steps(3) == 3  # up to the evaluation
  assert cut.launched(4, 4, clock[0]) == 4 and clock[0] == 0.5  # it is under way beside the next
  assert cut.launched(4, 4, clock[0]) == 4 and clock[0] == 2.5
  assert cut.steps(1000) == 4


def test_slow_steps_are_taken_one_by_one_and_fast_ones_by_many(clock):
  slow, fast = pace.Pace(), pace.Pace()
  slow.launched(1, 60, clock[0])
  assert slow.steps(1000) == 1
  fast.launched(1, 0, clock[0])
  assert fast.steps(10**6) == pace.MOST


def test_waiting_for_inputs_counts_as_time_of_the_steps(clock):
  cut, began = pace.Pace(), clock[0]
  clock[0] += 4  # until the inputs were there
  cut.launched(1, 0, began)
  assert cut.steps(1000) == 1


@pytest.mark.parametrize("feed", ["device", "stream"])
def test_steps_cut_anywhere_have_the_bits_of_steps_in_one(feed):
  """State and means, also where batches are drawn several times on the way."""
  parts = [plan._checked(toy.experiment("dann", feed=Feed(feed), **SHORT), toy.load).part()]
  cells, digests, every = loop.program_of(parts), set(), []
  for cut in ((7, 7), (1, 4, 2, 6, 1)):
    state, _, fed = loop.placed(parts, cells)
    with contextlib.closing(fed):
      blocks = []
      for steps in cut:
        state, new = fed.piece(state, steps)
        blocks += new
    every.append(history.means(history.per_step(blocks)))
    digests.add(pytree_io.digest(jax.tree.map(np.asarray, state.ts.params)))
  assert len(digests) == 1
  jax.tree.map(np.testing.assert_array_equal, *every)


def test_another_number_of_steps_compiles_nothing():
  parts = [plan._checked(toy.experiment("dann", **SHORT), toy.load).part()]
  state, _, fed = loop.placed(parts, loop.program_of(parts))
  state, _ = fed.piece(state, 1)
  before = live.compile_seconds()
  for steps in (2, 3, 4):
    state, _ = fed.piece(state, steps)
  assert live.compile_seconds() == before


@pytest.mark.holds("signalled", "resumed")
def test_a_run_stopped_between_evaluations_goes_on_to_the_same_record(tmp_path, monkeypatch):
  experiment = toy.experiment("dann", **SHORT)
  undisturbed = run(experiment, tmp_path / "whole", domains=toy.load).records[0]
  real = pace.Pace.launched

  def told(self, *piece):
    os.kill(os.getpid(), signal.SIGINT)
    return real(self, *piece)

  for expected, length in ((1, 1), (4, 3), (7, 3), (10, 3)):  # 7 is an evaluation
    with monkeypatch.context() as patch:
      patch.setattr(pace.Pace, "steps", lambda self, left, n=length: min(left, n))
      patch.setattr(pace.Pace, "launched", told)
      with pytest.raises(stopping.Stopped, match=f"^{expected} of 14 steps"):
        run(experiment, tmp_path / "cut", domains=toy.load)
  resumed = run(experiment, tmp_path / "cut", domains=toy.load).records[0]
  for name in ("parameters", "curves", "validators", "last", "diverged"):
    assert resumed[name] == undisturbed[name], name
