"""How processes meet: all are told to go, or all end with the same line."""

import re
import socket
import threading

import pytest

from adapt.cli import meeting


@pytest.fixture
def where():
  with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{s.getsockname()[1]}"


def outcomes(where, *places, seconds=20):
  """What becomes of (process, processes) each: "go" or the error's text."""
  found = [None] * len(places)

  def one(i, process, processes):
    try:
      meeting.meet(where, processes, process, seconds)
      found[i] = "go"
    except ValueError as error:
      found[i] = str(error) or type(error).__name__

  threads = [threading.Thread(target=one, args=(i, *place)) for i, place in enumerate(places)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join(30)
  return found


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_all_go_once_all_are_there(where, order):
  assert outcomes(where, *((process, 3) for process in order)) == ["go"] * 3


@pytest.mark.holds("processes")
def test_two_with_one_number_end_all_with_one_line(where):
  found = outcomes(where, (0, 4), (1, 4), (1, 4))
  assert len(set(found)) == 1
  assert found[0].startswith("two processes have --process-id 1: give each its own")


def test_two_first_processes_on_one_machine_end_both(where):
  found = sorted(outcomes(where, (0, 2), (0, 2)))
  assert found[0].startswith("cannot start as one of several processes at 127.0.0.1:")
  assert found[1].startswith("two processes have --process-id 0: give")


def test_other_counts_end_all(where):
  found = outcomes(where, (0, 3), (1, 2))
  assert len(set(found)) == 1
  assert found[0].startswith("one process was started with --processes 2, process 0 with 3: give")


def test_one_that_ended_may_come_again_and_strangers_are_ignored(where):
  host, port = where.split(":")
  ended = threading.Event()

  def others():
    for words in (
      b"GET / HTTP/1.1\r\n\r\n",
      b'{"greeting": "adapt-meeting", "process": 1, "processes": 3}\n',
    ):
      for _ in range(100):
        try:
          guest = socket.create_connection((host, int(port)))
          break
        except OSError:
          ended.wait(0.05)
      with guest:
        guest.sendall(words)
        ended.wait(0.2)
    late = threading.Thread(target=lambda: (ended.wait(1), found.extend(outcomes(where, (1, 3)))))
    late.start()  # the last one comes before the one that comes again
    found.extend(outcomes(where, (2, 3)))
    late.join(30)

  found = []
  thread = threading.Thread(target=others)
  thread.start()
  assert outcomes(where, (0, 3)) == ["go"]
  thread.join(30)
  assert found == ["go", "go"]


def test_nobody_comes_and_nobody_is_there(where):
  assert outcomes(where, (1, 2), seconds=0.4) == ["process 0 did not answer"]
  missing = "process 2, 3 did not come"
  assert outcomes(where, (0, 4), (1, 4), seconds=2) == [missing, missing]


def test_a_port_that_speaks_otherwise_is_told(where, monkeypatch):
  monkeypatch.setattr(meeting, "_FOREIGN", 0.3)
  host, port = where.split(":")

  def other():
    for _ in range(9):
      try:
        with server.accept()[0] as guest:
          guest.sendall(b"\x00\x00\x12\x04\x00\n")
      except OSError:
        return

  with socket.create_server((host, int(port))) as server:
    threading.Thread(target=other, daemon=True).start()
    [found] = outcomes(where, (1, 2))
  assert "has all of its processes, or another program" in found


@pytest.mark.holds("processes")
def test_a_wait_names_those_who_have_not_come_and_its_end(where, monkeypatch, capsys):
  monkeypatch.setattr(meeting, "_SOON", 0.3)
  monkeypatch.setattr(meeting, "_EVERY", 0.5)
  late = threading.Timer(1.2, lambda: outcomes(where, (2, 3)))
  late.start()
  assert outcomes(where, (0, 3), (1, 3), seconds=20) == ["go", "go"]
  late.join()
  lines = set(capsys.readouterr().err.splitlines())
  for who in ("process 2", "processes that process 0 names"):
    wanted = rf"waiting for {who} until \d\d:\d\d:\d\d \(--wait-for-processes 20\)"
    assert any(re.fullmatch(wanted, line) for line in lines), lines


def test_who_does_not_come_is_named(where, monkeypatch, capsys):
  monkeypatch.setattr(meeting, "_SOON", 0.2)
  assert outcomes(where, (1, 2), seconds=0.6) == ["process 0 did not answer"]
  assert f"waiting for process 0 at {where} until" in capsys.readouterr().err
  assert outcomes(where, (0, 20), seconds=0.4)[0].endswith(", 8 and 11 more did not come")
