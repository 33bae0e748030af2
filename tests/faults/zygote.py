"""Starts `adapt` many times without importing JAX as often: one fork per line of arguments.

A line of standard input holds the arguments as JSON; its answers are lines "started PID" and, when
that process has ended, "ended STATUS" as os.waitstatus_to_exitcode tells it.
"""

import json
import os
import sys

from adapt import cli, grid  # all that a run imports, before any thread or backend is started

assert grid.DIVERGED
for line in sys.stdin:
  pid = os.fork()
  if not pid:
    code = 1
    try:
      code = cli.main(json.loads(line))
    finally:
      sys.stderr.flush()
      os._exit(code)
  print(f"started {pid}", flush=True)
  print(f"ended {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", flush=True)
