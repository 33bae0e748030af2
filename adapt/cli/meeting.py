"""Lets a run's processes find each other before JAX connects them.

JAX aborts with a trace where two processes have one number. Here each process says its number to process
0, on the port where JAX's coordinator listens afterwards; the answer is "go" once all are there, or the
line with which all of them end.
"""

import contextlib
import json
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator

_GREETING = "adapt-meeting"
_LATE = "late: "
_LONGEST = 4096  # bytes of a message
_FOREIGN = 40.0  # seconds in which a run that ends may still have the port
_PAUSE = 0.2  # seconds between two attempts
_SOON = 2.0  # seconds after which the wait is told; processes that start together meet before
_EVERY = 30.0  # seconds between two lines


class Late(ValueError):
  """Not all processes came in time; the message says which did not."""


@contextlib.contextmanager
def announced(waited_for: Callable[[], str], seconds: float) -> Iterator[None]:
  """Says on standard error who is waited for, and until when.

  Args:
    waited_for: names those who have not come yet.
    seconds: that they have from now on.
  """
  done, until = threading.Event(), time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))

  def tell() -> None:
    pause = _SOON
    while not done.wait(pause):
      line = f"waiting for {waited_for()} until {until} (--wait-for-processes {seconds:g})"
      print(line, file=sys.stderr, flush=True)
      pause = _EVERY

  teller = threading.Thread(target=tell, daemon=True)
  teller.start()
  try:
    yield
  finally:
    done.set()
    teller.join()


def meet(coordinator: str, processes: int, process: int, seconds: float) -> None:
  """Waits until all processes of a run are there.

  Args:
    coordinator: HOST:PORT, where process 0 listens.
    processes: how many there are.
    process: which one this is.
    seconds: to wait at most.

  Raises:
    Late: they did not all come in time.
    ValueError: two have the same number, their counts differ, or process 0 cannot listen; the message
      is that of all processes.
  """
  host, _, port = coordinator.rpartition(":")
  until = time.monotonic() + seconds
  missing = [f"process 0 at {coordinator}"]  # one text, kept up to date
  with announced(lambda: missing[0], seconds):
    if process:
      _attend(host.strip("[]"), int(port), processes, process, until, missing)
    else:
      _start(coordinator, processes, until, missing)


def _named(numbers: list[int]) -> str:
  """The first of the processes, and how many more there are."""
  more = len(numbers) - 8
  return f"process {', '.join(map(str, numbers[:8]))}" + (f" and {more} more" if more > 0 else "")


def _start(coordinator: str, processes: int, until: float, missing: list[str]) -> None:
  """Listens as process 0 and waits for the others."""
  host, _, port = coordinator.rpartition(":")
  try:
    if not 0 < int(port) < 1 << 16:
      raise OSError(f"{port} is no port")
    server = socket.create_server(("", int(port)))
  except OSError as error:
    with contextlib.suppress(OSError, _Foreign):  # tell another process 0, if it is one
      _asked(host.strip("[]"), int(port), processes, 0, time.monotonic() + 1)
    raise ValueError(
      f"cannot start as one of several processes at {coordinator} ({error}): give "
      "--coordinator with a free port of process 0, or --processes 1 to run alone"
    ) from error
  with server, contextlib.ExitStack() as guests:
    _host(server, guests, processes, until, missing)


def _host(
  server: socket.socket,
  guests: contextlib.ExitStack,
  processes: int,
  until: float,
  missing: list[str],
) -> None:
  """Answers all once they are there, or once one of them cannot be right.

  `missing` is kept up to date.
  """
  there: dict[int, socket.socket] = {}
  # One that has ended meanwhile is not there: it may come again after the last of the others.
  while len(there := {i: g for i, g in there.items() if _waits(g)}) < processes - 1:
    missing[0] = _named([i for i in range(1, processes) if i not in there])
    server.settimeout(max(until - time.monotonic(), 0.001))
    try:
      guest = guests.enter_context(server.accept()[0])
    except TimeoutError:
      _answer(there.values(), f"{_LATE}{missing[0]} did not come")
      raise Late(f"{missing[0]} did not come") from None
    told = _told(guest)
    if told is None:
      guest.close()
      continue
    process, count = told
    if count != processes:
      trouble = f"one process was started with --processes {count}, process 0 with {processes}"
    elif process == 0 or (process in there and _waits(there[process])):
      trouble = f"two processes have --process-id {process}"
    else:
      there[process] = guest
      continue
    trouble += (
      f": give each its own --process-id of 0 … {processes - 1}, and all the same --processes"
    )
    _answer([*there.values(), guest], trouble)
    raise ValueError(trouble)
  _answer(there.values(), "go")


class _Foreign(Exception):
  """What listens there is no process of a run that waits."""


def _attend(
  host: str, port: int, processes: int, process: int, until: float, missing: list[str]
) -> None:
  """Asks process 0 until it answers; `missing` says whom it waits for meanwhile."""
  [silent] = missing

  def connected() -> None:
    missing[0] = "processes that process 0 names"

  patience = _FOREIGN
  while time.monotonic() < until:
    answer = ""
    try:
      answer = _asked(host, port, processes, process, until, connected)
    except OSError:  # nobody is there yet
      patience = _FOREIGN
    except _Foreign:
      patience -= _PAUSE
    missing[0] = silent
    if answer == "go":
      return
    if answer.startswith(_LATE):
      raise Late(answer.removeprefix(_LATE))
    if answer:
      raise ValueError(answer)
    if patience < 0:
      raise ValueError(
        f"at {host}:{port} is a run that has all of its processes, or another program: give each "
        "process its own --process-id, or --coordinator with a free port of process 0"
      )
    time.sleep(_PAUSE)
  raise Late("process 0 did not answer")


def _asked(
  host: str,
  port: int,
  processes: int,
  process: int,
  until: float,
  connected: Callable[[], None] = lambda: None,
) -> str:
  """Process 0's answer; empty where it ended before it gave one.

  Raises:
    OSError: nobody listens there.
    _Foreign: somebody else does.
  """
  with socket.create_connection((host, port), timeout=5) as guest:
    greeting = {"greeting": _GREETING, "process": process, "processes": processes}
    guest.sendall(json.dumps(greeting).encode() + b"\n")
    connected()
    guest.settimeout(
      max(until + _PAUSE - time.monotonic(), 0.001)
    )  # process 0 knows who is missing
    answer = _line(guest)
  if answer and not answer.startswith(_GREETING):
    raise _Foreign
  return answer.removeprefix(_GREETING).strip()


def _told(guest: socket.socket) -> tuple[int, int] | None:
  """A guest's number and count of processes; None where it is none."""
  guest.settimeout(5)
  try:
    told = json.loads(_line(guest))
    if told.get("greeting") == _GREETING:
      return int(told["process"]), int(told["processes"])
  except (OSError, ValueError, AttributeError, TypeError, KeyError):
    pass
  return None


def _line(other: socket.socket) -> str:
  """What the other says up to the end of a line, or until it closes."""
  content = b""
  while b"\n" not in content and len(content) < _LONGEST:
    if not (new := other.recv(_LONGEST)):
      break
    content += new
  return content.split(b"\n")[0].decode(errors="replace")


def _waits(guest: socket.socket) -> bool:
  """Whether a guest still waits for its answer; it says nothing more, but may have ended."""
  with selectors.DefaultSelector() as ready:
    ready.register(guest, selectors.EVENT_READ)
    return not ready.select(0)


def _answer(guests: Iterable[socket.socket], text: str) -> None:
  for guest in guests:
    with contextlib.suppress(OSError):
      guest.sendall(f"{_GREETING} {text}\n".encode())
