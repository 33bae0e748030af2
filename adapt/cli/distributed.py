"""Run one command over several processes.

The processes find each other, and end together.
"""

import argparse
import importlib.util
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax

from adapt.cli import flag_types, meeting
from adapt.cli.command import guarded
from adapt.training import devices, hosts
from adapt.training.stopping import Stopped

MEETING = 300.0  # seconds that the processes have to find each other
SILENCE = 30  # seconds without a sign of life after which a process counts as dead
_PARTING = 300  # seconds that all have to end once the first has

# What XLA's errors begin with, whatever Python makes of them.
_OF_XLA = re.compile(r"(UNKNOWN|INTERNAL|UNAVAILABLE|ABORTED|CANCELLED|DEADLINE_EXCEEDED)\b")


class Place(NamedTuple):
  """Address and index of this process.

  Fields are None where the cluster knows.
  """

  coordinator: str | None = None  # host:port of process 0
  processes: int | None = None
  process: int | None = None


def command(argv: Sequence[str], work: Callable[[], int]) -> int:
  """Run a command, over several processes if asked to.

  Its flags or the cluster say so. Returns its exit code.

  Where all processes end at the same point, they part; else this one leaves at once, and the others
  notice.
  """
  together = [False]

  def in_company() -> int:
    place = asked(argv)
    if place is None:
      together[0] = True
      devices.cores_as_devices()
      return work()
    join(place)
    try:
      hosts.anyone(False)  # connects them: where one ends from here on, the others hear it at once
      code = work()
    except (hosts.Agreed, Stopped):
      together[0] = True
      raise
    except (ValueError, jax.errors.JaxRuntimeError) as error:
      if not _OF_XLA.match(str(error)):
        raise
      raise Stopped(f"another process has ended or cannot be reached: {_line(error)}") from error
    together[0] = True
    return code

  try:
    code = guarded(in_company)
  except Exception:
    if not hosts.several():
      raise
    traceback.print_exc()
    code = 1
  except SystemExit as error:
    if not hosts.several():
      raise
    code = error.code if isinstance(error.code, int) else 1
  if not hosts.several():
    return code
  if together[0]:
    jax.distributed.shutdown()
    hosts.joined(False)
    return code
  if jax.process_index() == 0:
    time.sleep(1)  # with it ends what the others hear each other by; they may be about to say more
  _leave(code)
  return code


def asked(argv: Sequence[str], environment: Mapping[str, str] = os.environ) -> Place | None:
  """Read this process's place from flags or the cluster.

  The command line comes first. None means that it is alone.

  Raises:
    ValueError: flags that do not go together; the message says what does.
  """
  if {"-h", "--help"} & set(argv):
    return None
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  add_flags(parser)
  try:
    flags, _ = parser.parse_known_args(list(argv))
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  where, count, own = flags.coordinator, flags.processes, flags.process_id
  if count is not None and count < 1:
    raise ValueError(f"--processes {count}: give 1 or more")
  if where in (None, "auto"):
    if own is not None:
      raise ValueError("--process-id needs --coordinator HOST:PORT, where process 0 listens")
    if where is None and count not in (None, 1):
      raise ValueError(f"--processes {count} needs --coordinator HOST:PORT and --process-id I")
    if where == "auto" and count is not None:
      raise ValueError("--coordinator auto counts the processes itself: leave out --processes")
    return Place() if where == "auto" or (count is None and _clustered(environment)) else None
  if count is None or own is None:
    raise ValueError("--coordinator HOST:PORT needs --processes N and --process-id I (0 … N-1)")
  if not 0 <= own < count:
    raise ValueError(f"--process-id {own} of {count} processes: give one of 0 … {count - 1}")
  if not re.fullmatch(r".+:\d{1,5}", where):
    raise ValueError(f"--coordinator '{where}' is not HOST:PORT, e.g. 10.0.0.1:12345")
  return Place(where, count, own) if count > 1 else None


def add_flags(group: Any) -> None:
  """Add --coordinator, --processes and --process-id to a parser or group."""
  group.add_argument(
    "--coordinator",
    metavar="HOST:PORT",
    help="one run over several processes: where process 0 listens; auto: the cluster knows",
  )
  group.add_argument(
    "--processes",
    type=flag_types.integer,
    metavar="N",
    help="how many there are, each started with the same command; 1: alone, whatever the cluster",
  )
  group.add_argument(
    "--process-id", type=flag_types.integer, metavar="I", help="which one this is: 0 … N-1"
  )


# Flags that say where something lies on this machine, or which process this is.
_OWN = ("process_id", "coordinator", "data_dir", "plugins", "source", "target", "data", "config")


def compare(arguments: argparse.Namespace) -> None:
  """Raises ValueError on all processes where flags or code differ.

  It comes before anything waits for the others, as processes of unlike steps wait for ever. What the
  flags in `_OWN` lead to is compared as data and as digests of code.
  """
  from adapt.records import record

  if hosts.several():
    flags = {n: v for n, v in vars(arguments).items() if n not in _OWN}
    hosts.alike("flags", {f"--{n.replace('_', '-')}": v for n, v in flags.items()})
    about = record.environment()
    hosts.alike("versions", {"commit": about["commit"], **about["versions"]})


def _clustered(environment: Mapping[str, str]) -> bool:
  """Detect a multi-process launch by SLURM, Open MPI or Kubernetes."""
  there = environment.__contains__
  slurm = "SLURM_JOB_ID", "SLURM_STEP_NODELIST", "SLURM_PROCID", "SLURM_LOCALID"
  if all(map(there, slurm)) and int(environment.get("SLURM_NTASKS", 1)) > 1:
    return True
  if there("OMPI_MCA_orte_hnp_uri") and int(environment.get("OMPI_COMM_WORLD_SIZE", 1)) > 1:
    return True
  pod = there("KUBERNETES_SERVICE_HOST") and there("JOB_COMPLETION_INDEX")
  return pod and importlib.util.find_spec("kubernetes") is not None  # JAX asks it for the rest


def join(place: Place) -> None:
  """Connect to the other processes, or exit with an error.

  This process ends with a line where they do not come.

  Raises:
    ValueError: nothing can listen where process 0 should, or the cluster does not know.
  """
  where = place.coordinator or "where the cluster says"
  late = (
    f"no meeting of {place.processes or 'all'} processes at {where} within {MEETING:.0f} s: see that "
    "all are started, with the same --coordinator and --processes and each its own --process-id, and "
    "that the port is open"
  )
  if place.coordinator and place.processes is not None and place.process is not None:
    try:
      meeting.meet(place.coordinator, place.processes, place.process, MEETING)
    except meeting.Late as error:
      raise ValueError(f"{late} ({error})") from error

  def give_up() -> None:  # JAX would abort with a trace of its own
    print(f"error: {late}", file=sys.stderr)
    _leave(2)

  # Told to stop, a run saves itself: a handler of JAX's would take the signal away.
  jax.config.update("jax_enable_preemption_service", False)
  clock = threading.Timer(MEETING, give_up)
  clock.daemon = True
  clock.start()
  try:
    jax.distributed.initialize(
      *place,
      cluster_detection_method="deactivate" if place.coordinator else None,
      initialization_timeout=round(MEETING) + 60,
      heartbeat_timeout_seconds=SILENCE,
      shutdown_timeout_seconds=_PARTING,
    )
  except (RuntimeError, ValueError) as error:
    raise ValueError(
      f"cannot start as one of several processes at {where} ({_line(error)}): give "
      "--coordinator with a free port of process 0, or --processes 1 to run alone"
    ) from error
  finally:
    clock.cancel()
  hosts.joined(True)


def _line(error: BaseException) -> str:
  return " ".join(str(error).split())[:200] or type(error).__name__


def _leave(code: int) -> None:
  """Exit at once, without waiting for the other processes.

  They would never answer.
  """
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code)
