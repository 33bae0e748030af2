"""Decoding processes: the order of batches, and that no end of theirs or of the run is waited for."""

import multiprocessing
import signal
import subprocess
import sys

import pytest

from adapt.training import decoders

_STREAMING = """
import time
from adapt.training import decoders
made = decoders.batches(iter, range(10**9), 2)
next(made)
print("began", flush=True)
time.sleep(60)
"""


def failing(steps):  # at the second one
  yield steps[0]
  raise ValueError("x.png does not decode")


def test_batches_come_in_order_whoever_makes_them():
  assert list(decoders.batches(iter, range(3, 8), 2)) == [3, 4, 5, 6, 7]
  assert list(decoders.batches(iter, range(1), 2)) == [0]
  assert not multiprocessing.active_children()


@pytest.mark.holds("decoders")
def test_a_killed_decoder_is_one_line():
  made = decoders.batches(iter, range(10**9), 2)
  assert next(made) == 0
  multiprocessing.active_children()[0].kill()
  with pytest.raises(ValueError, match=r"decodes has ended \(exit code -9\).*--workers"):
    list(made)
  assert not multiprocessing.active_children()


def test_what_it_cannot_decode_is_raised_here():
  with pytest.raises(ValueError, match=r"x\.png"):
    list(decoders.batches(failing, range(2), 1))


@pytest.mark.holds("decoders")
@pytest.mark.skipif(sys.platform == "win32", reason="kills by signals")
def test_decoders_of_a_killed_run_end_and_hold_no_output():
  command = [sys.executable, "-c", _STREAMING]
  run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
  assert run.stdout.readline() == b"began\n"
  run.send_signal(signal.SIGKILL)
  assert run.communicate(timeout=30)[0] == b""  # the end of the pipe, and no word of any of them
