"""Where a program is between two evaluations: counted, estimated, or not known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt.experiments.run import run
from adapt.training import live
from adapt.training.live import Now, Position
from adapt.training.setup import Feed


def test_a_step_is_estimated_by_the_rate_up_to_the_last_evaluation():
  known = Now((100, 200), done=100, since=50.0, rate=10.0, counted=100)
  assert live.position(known, 50.0) == Position(100, True)
  assert live.position(known, 54.0) == Position(140, False)
  assert live.position(known, 99.0) == Position(200, False)  # the next evaluation is not in
  assert live.position(known._replace(rate=0.0), 54.0) is None
  assert live.position(known._replace(counted=123), 54.0) == Position(123, True)
  assert live.position(known._replace(done=200, counted=200), 99.0) == Position(200, True)


def test_it_says_what_a_signal_waits_for(monkeypatch):
  with live.training([5, 5, 5], 1), live.preliminary("source model"):
    assert live.now().done == 5
    assert live.next_stop() == (
      "after this piece, once the steps under way of the source model are done and saved, "
      "in a few seconds"
    )
    monkeypatch.setattr(live, "compiling", lambda: True)
    assert live.next_stop() == "once the compiler is done, after one step"
  assert live.now() is None


@pytest.mark.parametrize("feed", ["device", "stream"])
def test_a_run_tells_where_it_is_and_a_fed_one_counts(tmp_path, feed, monkeypatch):
  seen, count = [], live.counted
  monkeypatch.setattr(live, "counted", lambda step: (count(step), seen.append(live.now()))[0])
  told = []
  report = lambda step, past: told.append((step, live.now()))
  short = {"steps": 12, "evaluations": 3, "seeds": (0,), "feed": Feed(feed)}
  run(toy.experiment("dann", **short), tmp_path, domains=toy.load, report=report)
  assert [(step, now.done) for step, now in told] == [(4, 4), (8, 8), (12, 12)]
  assert all(now.rate > 0 and now.total == 12 for _, now in told)
  steps = [now.counted for now in seen]
  assert steps == sorted(steps) and steps[-1] <= 12
  assert feed == "device" or len(steps) > 6  # one by one
  assert live.now() is None and live.aside() == ""


def test_compiling_is_seen_while_it_lasts_only(monkeypatch):
  monkeypatch.setattr(live, "_SHORT", -1.0)  # without waiting: nothing here may depend on a clock
  before, traced, compiled = live.compile_seconds(), [], []

  def starts(event: str, value: float, **_: str | int) -> None:
    compiled.append(live.compiling()) if event == live._COMPILE else None

  jax.monitoring.register_scalar_listener(starts)  # told after the listener of `live`
  try:
    jax.jit(lambda x: (traced.append(live.compiling()), jnp.cumsum(x @ x.T, 0))[1])(np.ones((7, 7)))
  finally:
    jax.monitoring.unregister_scalar_listener(starts)
  assert traced == [True] and compiled and all(compiled)
  assert not live.compiling() and live.compile_seconds() > before
