"""Starts `adapt` many times without importing JAX as often: one fork per line of standard input.

A line asks for a process, and the answer is its number: `code` that it runs with `argv`, files of its
standard output and errors, and how many devices it has. Or a line waits for one, at most some seconds,
after which it is killed; the answer is its status as os.waitstatus_to_exitcode tells it.
"""

import json
import os
import signal
import sys
import time
from typing import Any

import jax

# All that a run imports, before any thread or backend is started.
from adapt.cli import run

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


def asked() -> dict[str, Any]:
  """What this process is to run, in a child; nothing in the parent, when no more lines come."""
  for line in sys.stdin:
    told = json.loads(line)
    if "wait" in told:
      print(status(told["wait"], told["seconds"]), flush=True)
      continue
    child = os.fork()
    if not child:
      return told
    print(child, flush=True)
  return {}


if told := asked():
  for number, path in told["streams"].items():  # the answers have the parent's output to themselves
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), int(number))
  sys.argv = ["-c", *told["argv"]]
  os.environ["JAX_NUM_CPU_DEVICES"] = str(told["devices"])
  jax.config.update("jax_num_cpu_devices", told["devices"])
  exec(told["code"])  # it ends as any interpreter does, so that what waits for the end takes place
