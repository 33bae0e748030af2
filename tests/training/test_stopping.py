"""Signals while training: the first one waits for an evaluation, the second does not."""

import os
import signal
import threading

import pytest

from adapt.training import live, stopping


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.holds("signalled")
def test_the_first_signal_is_noted_and_the_second_interrupts(number, capsys):
  before = signal.getsignal(number)
  with stopping.deferred() as told:
    assert not told()
    os.kill(os.getpid(), number)
    assert told()
    assert "stopping at the next evaluation" in capsys.readouterr().err
    with pytest.raises(KeyboardInterrupt):
      os.kill(os.getpid(), number)
  assert signal.getsignal(number) is before


def test_the_first_signal_says_what_it_waits_for(capsys):
  with live.training([300, 300], 0), stopping.deferred(live.next_stop):
    os.kill(os.getpid(), signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
      os.kill(os.getpid(), signal.SIGINT)
  assert capsys.readouterr().err.startswith(
    "stopping after this piece, once the steps under way are done and saved, in a few seconds; a second"
  )


def test_another_thread_leaves_signals_alone():
  seen = []

  def work():
    with stopping.deferred() as told:
      seen.append((signal.getsignal(signal.SIGTERM), told()))

  thread = threading.Thread(target=work)
  thread.start()
  thread.join()
  assert seen == [(signal.getsignal(signal.SIGTERM), False)]
