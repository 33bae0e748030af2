"""`python -m adapt`: the command, under its own name."""

import subprocess
import sys


def run(*argv):
  command = [sys.executable, "-m", "adapt", *argv]
  return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_module_is_the_command():
  assert run("--version").stdout.startswith("adapt-jax ")
  assert run("metods").returncode == 2


def test_it_calls_itself_adapt():
  code = (
    "import runpy, sys; sys.argv[1:] = ['--version']\n"
    "try: runpy.run_module('adapt', run_name='__main__')\n"
    "except SystemExit: pass\n"
    "from adapt.records import started; print(started.shown())"
  )
  done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
  assert done.stdout.splitlines()[-1] == "adapt --version"
