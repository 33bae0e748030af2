"""How processes meet: flags that do not go together, the cluster's word, and one line where nobody comes."""

import argparse
import json
import re
import socket
import subprocess
import sys
import time

import pytest

from adapt.cli import distributed, flags, main
from adapt.cli.distributed import Place, asked
from adapt.training import hosts
from adapt.training.settings import Settings

SLURM = {"SLURM_JOB_ID": "7", "SLURM_STEP_NODELIST": "n1,n2", "SLURM_PROCID": "1"}
SLURM |= {"SLURM_LOCALID": "0", "SLURM_NTASKS": "2"}
MPI = {"OMPI_MCA_orte_hnp_uri": "1.0;tcp://10.0.0.1:3", "OMPI_COMM_WORLD_SIZE": "2"}


@pytest.mark.parametrize(
  ("flags", "message"),
  [
    ("--process-id 1", "needs --coordinator"),
    ("--processes 2", "needs --coordinator HOST:PORT and --process-id I"),
    ("--coordinator h:1", "needs --processes N and --process-id I"),
    ("--coordinator h:1 --processes 2", "needs --processes N and --process-id I"),
    ("--coordinator h:1 --processes 0 --process-id 0", "give 1 or more"),
    ("--coordinator h:1 --processes 2 --process-id 2", "give one of 0 … 1"),
    ("--coordinator h:1 --processes 2 --process-id -1", "give one of 0 … 1"),
    ("--coordinator h --processes 2 --process-id 0", "'h' is not HOST:PORT"),
    ("--coordinator auto --processes 2", "leave out --processes"),
    ("--processes two", "is no whole number"),
    ("--process-id", "expected one argument"),
    ("--wait-for-processes nan", "is not finite"),
    ("--wait-for-processes 0", "--wait-for-processes: "),
  ],
)
def test_flags_that_do_not_go_together_are_one_line(flags, message, capsys):
  argv = f"run --source a.npz --target b.npz {flags}".split()
  assert main.main(argv) == 2  # before anything is loaded
  [line] = capsys.readouterr().err.splitlines()
  assert line.startswith("error: ") and message in line


def test_flags_say_the_place():
  argv = ["--source", "a", "--coordinator", "[::1]:99", "--processes", "3", "--process-id", "2"]
  assert asked(argv, SLURM) == Place("[::1]:99", 3, 2)
  assert asked([*argv, "--wait-for-processes", "9"], SLURM) == Place("[::1]:99", 3, 2, 9.0)
  assert asked(["--coordinator", "auto"], {}) == Place()
  assert asked(["--coordinator", "h:1", "--processes", "1", "--process-id", "0"], SLURM) is None


@pytest.mark.parametrize("cluster", [SLURM, MPI])
def test_a_cluster_says_it_where_no_flag_does(cluster):
  assert asked([], cluster) == Place()
  assert asked(["--processes", "1"], cluster) is None
  assert asked(["--help"], cluster) is None
  for name in cluster:
    less = {n: v for n, v in cluster.items() if n != name}
    assert asked([], less) is None, name
  alone = cluster | {"SLURM_NTASKS": "1", "OMPI_COMM_WORLD_SIZE": "1"}
  assert asked([], alone) is None
  assert asked([], {}) is None


def test_kubernetes_is_asked_where_its_client_is_there(monkeypatch):
  pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "JOB_COMPLETION_INDEX": "0"}
  monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: name)
  assert asked([], pod) == Place()
  monkeypatch.setattr(distributed.importlib.util, "find_spec", lambda name: None)
  assert asked([], pod) is None


def test_a_coordinator_that_nobody_answers_for_is_one_line():
  flags = "--source a.npz --target b.npz --coordinator 127.0.0.1:9 --processes 2 --process-id 1"
  command = [sys.executable, "-m", "adapt", "run", *flags.split(), "--wait-for-processes", "1"]
  began = time.monotonic()
  ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
  assert ended.returncode == 2 and time.monotonic() - began < 30
  [line] = ended.stderr.splitlines()
  assert line.startswith("error: no meeting of 2 processes at 127.0.0.1:9 within 1 s")


@pytest.mark.parametrize("port", [None, 99999])
def test_where_process_0_cannot_listen_is_one_line(port):
  with (
    socket.create_server(("", 0)) as taken,
    pytest.raises(ValueError, match=r"cannot start as one of several.*--coordinator with a free"),
  ):
    distributed.join(Place(f"127.0.0.1:{port or taken.getsockname()[1]}", 2, 0))


def _every_flag():
  """The flags of `adapt run`, each with another value than its default."""
  parser = main.run_parser()
  flags.add_general(parser, Settings())
  usual = vars(parser.parse_args(["--source", "a", "--target", "b"]))
  for name, value in usual.items():
    yield name, usual, {**usual, name: not value if isinstance(value, bool) else "another"}


@pytest.mark.holds("processes")
def test_processes_with_one_flag_different_are_refused_whatever_the_flag(monkeypatch):
  """Those alone may differ that say where something lies here, or which process this is."""
  monkeypatch.setattr(hosts, "several", lambda: True)
  for name, usual, other in _every_flag():
    said = []

    def exchanged(text, said=said, other=other):
      said.append(text)
      flags = {f"--{n.replace('_', '-')}": v for n, v in other.items() if n not in distributed._OWN}
      return [text, json.dumps(flags, sort_keys=True, default=str) if len(said) == 1 else text]

    monkeypatch.setattr(hosts, "_exchanged", exchanged)
    arguments = argparse.Namespace(**usual)
    if name in distributed._OWN:
      distributed.compare(arguments)
    else:
      flag = re.escape(name.replace("_", "-"))
      with pytest.raises(hosts.Agreed, match=rf"other flags than process 0 \(--{flag} "):
        distributed.compare(arguments)


def test_other_versions_or_another_commit_are_refused(monkeypatch):
  monkeypatch.setattr(hosts, "several", lambda: True)

  def exchanged(text):
    told = json.loads(text)
    return [text, json.dumps(told | ({"commit": "abc"} if "commit" in told else {}))]

  monkeypatch.setattr(hosts, "_exchanged", exchanged)
  with pytest.raises(
    hosts.Agreed, match=r"other versions than process 0 \(commit \"abc\" instead of"
  ):
    distributed.compare(argparse.Namespace())
