"""Starts `adapt` many times without importing JAX as often: one fork per line of standard input.

A line holds the arguments, and the seconds after which the command is killed if it has not ended by
then. The answer is a line: its status as os.waitstatus_to_exitcode tells it.
"""

import json
import os
import signal
import sys
import time

# All that a run imports, before any thread or backend is started.
from adapt.cli import main, run

assert run.DIVERGED


def status(pid: int, seconds: float) -> int:
  """Waits for a child, and kills it after so many seconds."""
  deadline = time.monotonic() + seconds
  while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
    if time.monotonic() >= deadline:
      os.kill(pid, signal.SIGKILL)  # nobody else waits for it: it is there, ended or not
      ended = os.waitpid(pid, 0)
      break
    time.sleep(0.01)
  return os.waitstatus_to_exitcode(ended[1])


for line in sys.stdin:
  arguments, seconds = json.loads(line)
  child = os.fork()
  if not child:
    os.dup2(2, 1)  # the answers have standard output to themselves
    code = 1
    try:
      code = main.main(arguments)
    finally:
      sys.stderr.flush()
      os._exit(code)
  print(status(child, seconds), flush=True)
