"""Downloads from a server on this machine that ignores ranges, breaks off, lies and changes."""

import contextlib
import gzip
import hashlib
import http.server
import re
import socket
import threading

import numpy as np
import pytest

from adapt.data import fetch as module
from adapt.data import http_answers
from adapt.data.fetch import fetch

BODY = np.random.default_rng(0).bytes(700_000)
SHA = hashlib.sha256(BODY).hexdigest()


class Server:
  """What each path serves, and what was asked of it."""

  def __init__(self):
    self.bodies: dict[str, bytes] = {"/file.zip": BODY}
    self.ranges = True
    self.breaks: list[int] = []  # after how many bytes each of the next answers breaks off
    self.sized = True
    self.kind = "application/zip"
    self.asked: list[tuple[str, str | None]] = []
    self.status: int | None = None  # instead of what was asked for
    self.headers: dict[str, str] = {}  # instead of those that would be right
    self.slowly = 0.0  # seconds before each byte
    self.stop = threading.Event()


@pytest.fixture
def server(monkeypatch):
  state = Server()
  monkeypatch.setattr(http_answers, "TIMEOUT", 5)

  class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
      asked = self.headers.get("Range")
      state.asked.append((self.path, asked))
      if self.path in ("/away", "/ftp"):
        self.send_response(302)
        self.send_header(
          "Location", {"/away": "file:///etc/x", "/ftp": "ftp://127.0.0.1/x"}[self.path]
        )
        return self.end_headers()
      body = state.bodies.get(self.path)
      if body is None:
        return self.send_error(404)
      start = int(asked[6:-1]) if asked and state.ranges else 0
      if start >= len(body):
        return self.send_error(416)
      self.send_response(state.status or (206 if start else 200))
      headers = {"Content-Type": state.kind}
      if start:
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
      if state.sized:
        headers["Content-Length"] = str(len(body) - start)
      for name, value in (headers | state.headers).items():
        self.send_header(name, value)
      self.end_headers()
      stop = start + state.breaks.pop(0) if state.breaks else None
      while state.slowly and not state.stop.wait(state.slowly):
        try:
          self.wfile.write(b"x")
        except OSError:
          return None
      with contextlib.suppress(ConnectionError):  # who asked has gone
        self.wfile.write(body[start:stop])

    def log_message(self, *args):
      pass

  with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{running.server_port}"
    yield state
    state.stop.set()
    running.shutdown()
    thread.join()


def refuses(message, *arguments, **settings):
  with pytest.raises(ValueError, match=message) as caught:
    fetch(*arguments, **settings)
  assert "\n" not in str(caught.value)


def left(folder):
  """What lies in a folder, beside kept checksums."""
  return sorted(path.name for path in folder.iterdir() if path.suffix != module.PINNED)


def test_fetched_once(server, tmp_path):
  path = tmp_path / "new" / "file.zip"
  assert fetch([server.url + "/file.zip"], path, SHA) == path
  assert path.read_bytes() == BODY and left(path.parent) == ["file.zip"]
  assert fetch([server.url + "/file.zip"], path, SHA) == path
  assert fetch([server.url + "/file.zip"], path) == path
  assert len(server.asked) == 1


def test_a_file_with_another_checksum_is_fetched_again(server, tmp_path):
  path = tmp_path / "file.zip"
  path.write_bytes(b"old")
  fetch([server.url + "/file.zip"], path, SHA)
  assert path.read_bytes() == BODY


def test_resumed_where_the_connection_broke(server, tmp_path):
  server.breaks = [300_000, 100_000]
  fetch([server.url + "/file.zip"], tmp_path / "file.zip")
  assert (tmp_path / "file.zip").read_bytes() == BODY
  assert [asked for _, asked in server.asked] == [None, "bytes=300000-", "bytes=400000-"]


def test_resumed_in_a_later_run_from_another_mirror(server, tmp_path):
  server.breaks = [100_000] * module.ATTEMPTS
  refuses(r"stopped at 300000 of 700000 bytes", [server.url + "/file.zip"], tmp_path / "file.zip")
  assert left(tmp_path) == ["file.zip.700000.part"]
  server.bodies["/copy"] = BODY
  fetch([server.url + "/absent", server.url + "/copy"], tmp_path / "file.zip", SHA)
  assert server.asked[-1] == ("/copy", "bytes=300000-")
  assert (tmp_path / "file.zip").read_bytes() == BODY and left(tmp_path) == ["file.zip"]


def test_started_over_where_ranges_are_ignored(server, tmp_path):
  server.breaks, server.ranges = [300_000], False
  fetch([server.url + "/file.zip"], tmp_path / "file.zip")
  assert (tmp_path / "file.zip").read_bytes() == BODY and left(tmp_path) == ["file.zip"]


@pytest.mark.parametrize("size", [699_999, 100])  # longer and shorter than the part
def test_started_over_where_the_size_changed(server, tmp_path, size):
  (tmp_path / "file.zip.700000.part").write_bytes(BODY[:300_000])
  server.bodies["/file.zip"] = other = bytes(size)
  fetch([server.url + "/file.zip"], tmp_path / "file.zip")
  assert (tmp_path / "file.zip").read_bytes() == other and left(tmp_path) == ["file.zip"]


def test_without_a_stated_size(server, tmp_path):
  server.sized = False
  fetch([server.url + "/file.zip"], tmp_path / "file.zip", SHA)
  assert (tmp_path / "file.zip").read_bytes() == BODY


def test_wrong_checksum_goes_to_the_next_mirror(server, tmp_path):
  server.bodies["/bad"] = b"bad" * 1000
  path = tmp_path / "file.zip"
  got = hashlib.sha256(server.bodies["/bad"]).hexdigest()
  refuses(f"/bad: SHA-256 is {got}, expected {SHA}", [server.url + "/bad"], path, SHA)
  assert left(tmp_path) == []
  fetch([server.url + "/bad", server.url + "/file.zip"], path, SHA)
  assert path.read_bytes() == BODY


def test_a_wrong_beginning_is_not_the_mirrors_fault(server, tmp_path):
  (tmp_path / "file.zip.700000.part").write_bytes(bytes(300_000))
  fetch([server.url + "/file.zip"], tmp_path / "file.zip", SHA)
  assert (tmp_path / "file.zip").read_bytes() == BODY
  assert [asked for _, asked in server.asked] == ["bytes=300000-", None]


def test_limits(server, tmp_path):
  path, urls = tmp_path / "file.zip", [server.url + "/file.zip"]
  refuses("has 700000 bytes where at most 1000 are expected", urls, path, limit=1000)
  server.sized = False
  refuses("more than the 1000 bytes expected", urls, path, limit=1000)
  assert fetch(urls, path, limit=700_000) == path


def test_refuses(server, tmp_path):
  path = tmp_path / "file.zip"
  for url in ("file:///etc/hostname", "ftp://localhost/x", "data:,x", "/etc/hostname"):
    refuses(re.escape(f"'{url}' is not an http or https address"), [url], path)
  message = (
    r"file.zip could not be downloaded \(.*/absent: 404 .*get it by hand and put it at .*zip"
  )
  refuses(message, [server.url + "/absent"], path)
  refuses(r"/away: .*302", [server.url + "/away"], path)
  refuses(r"/ftp: .*unknown url type: ftp", [server.url + "/ftp"], path)
  refuses(r"URLError: .*refused", ["http://127.0.0.1:9/file.zip"], path)
  refuses("it has no address", [], path)
  server.kind = "text/html; charset=utf-8"
  refuses("a web page instead of the file", [server.url + "/file.zip"], path)
  assert left(tmp_path) == []
  (tmp_path / "folder").write_bytes(b"")
  message = r"file.zip cannot be written .*: check the disk"
  refuses(message, [server.url + "/file.zip"], tmp_path / "folder" / "file.zip")


def test_a_full_disk_is_not_the_mirrors_fault(server, tmp_path, monkeypatch):
  real = type(tmp_path).open

  def full(self, mode="r", *arguments):
    stream = real(self, mode, *arguments)
    return FullStream(stream) if "w" in mode else stream

  class FullStream:
    def __init__(self, stream):
      self.stream = stream

    def __enter__(self):
      return self

    def __exit__(self, *error):
      self.stream.close()

    def write(self, data):
      raise OSError(28, "No space left on device")

  monkeypatch.setattr(type(tmp_path), "open", full)
  refuses(
    "cannot be written .*No space left", [server.url + "/file.zip"] * 2, tmp_path / "file.zip"
  )
  assert len(server.asked) == 1


def test_progress_on_a_terminal(server, tmp_path, monkeypatch, capsys):
  monkeypatch.setattr("sys.stderr.isatty", lambda: True)
  fetch([server.url + "/file.zip"], tmp_path / "file.zip")
  assert (tmp_path / "file.zip").read_bytes() == BODY
  assert capsys.readouterr().out == ""


@pytest.mark.holds("downloads")
def test_a_checksum_that_nobody_publishes_is_kept_told_and_asked_for(server, tmp_path, capsys):
  path, urls = tmp_path / "file.zip", [server.url + "/file.zip"]
  fetch(urls, path)
  told = capsys.readouterr().err
  assert told.startswith("warning: no SHA-256 of file.zip is published and came by plain http")
  assert SHA in told and told.count("\n") == 1
  kept = tmp_path / "file.zip.sha256"
  assert kept.read_text() == f"{SHA}  file.zip\n"
  fetch(urls, path)
  path.write_bytes(b"damaged")
  fetch(urls, path)
  assert path.read_bytes() == BODY and len(server.asked) == 2
  assert capsys.readouterr().err == ""
  server.bodies["/file.zip"] = b"another"
  path.unlink()
  refuses(rf"SHA-256 is .*, expected {SHA}.* or remove .*file\.zip\.sha256 if the", urls, path)
  kept.unlink()
  assert fetch(urls, path).read_bytes() == b"another"
  kept.write_bytes(b"\xff" * 99)
  refuses(r"file\.zip\.sha256 holds no SHA-256: remove it", urls, path)


def test_a_file_put_there_by_hand_is_held_to_its_checksum(server, tmp_path):
  path = tmp_path / "file.zip"
  path.write_bytes(BODY)
  fetch([server.url + "/file.zip"], path)
  assert (tmp_path / "file.zip.sha256").read_text().startswith(SHA) and server.asked == []


@pytest.mark.parametrize(
  ("status", "headers", "message"),
  [
    (206, {"Content-Range": "bytes 5-9/10"}, "sends the bytes from 5 on, which were not asked for"),
    (206, {"Content-Range": f"bytes 0-9/{'9' * 5000}"}, "without saying which one"),
    (206, {}, "without saying which one"),
    (200, {"Content-Length": "9" * 5000}, r"states 9{20} bytes or more, which no file has"),
    (200, {"Content-Length": "9" * 18}, "which no file has"),
    (200, {"Content-Encoding": "br"}, "packed as 'br'"),
    (200, {"Content-Encoding": "gzip"}, "incorrect header check"),
    (500, {}, "500"),
  ],
)
@pytest.mark.holds("downloads")
def test_after_a_senseless_answer_the_next_mirror_is_asked(
  server, tmp_path, status, headers, message
):
  path = tmp_path / "file.zip"
  server.status, server.headers = status, headers
  refuses(message, [server.url + "/file.zip"], path, SHA)
  assert len(server.asked) <= module.ATTEMPTS

  class Second(str):
    """The same address, which is right when it is asked."""

  real = module._checked

  def checked(url, *more):
    if isinstance(url, Second):
      server.status, server.headers = None, {}
    return real(url, *more)

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(module, "_checked", checked)
    fetch([server.url + "/file.zip", Second(server.url + "/file.zip")], path, SHA)
  assert path.read_bytes() == BODY and left(tmp_path) == ["file.zip"]


def test_what_is_packed_on_the_way_is_unpacked(server, tmp_path):
  server.bodies["/file.txt"] = packed = gzip.compress(BODY)
  server.headers = {"Content-Encoding": "gzip"}
  urls = [server.url + "/file.txt"]
  assert fetch(urls, tmp_path / "file.txt", SHA).read_bytes() == BODY
  assert fetch(urls, tmp_path / "file.gz").read_bytes() == packed  # published so
  server.bodies["/zeros"] = gzip.compress(bytes(10**6))
  refuses("more than the 9999 bytes", [server.url + "/zeros"], tmp_path / "b.txt", limit=9999)
  server.breaks = [1000] * module.ATTEMPTS
  server.headers["Content-Length"] = "1000"
  refuses("stopped inside of the packed file", urls, tmp_path / "c.txt")


@pytest.mark.holds("downloads")
def test_a_server_that_takes_forever_is_given_up(server, tmp_path, monkeypatch):
  path, urls = tmp_path / "file.zip", [server.url + "/file.zip"]
  server.slowly = 0.02
  refuses("takes longer than the time for the whole file", urls, path, SHA, seconds=0.2)
  monkeypatch.setattr(http_answers, "ANSWER", 0.2)
  refuses("sends less than 1024 bytes a second", urls, path, SHA)
  with socket.create_server(("127.0.0.1", 0)) as silent:
    url = f"http://127.0.0.1:{silent.getsockname()[1]}/file.zip"
    refuses("does not answer in time", [url], path, SHA)


def test_parts_that_nothing_goes_on_with_are_swept(server, tmp_path):
  for total in (0, 5, 10**17):
    (tmp_path / f"file.zip.{total}.part").write_bytes(b"1")
  fetch([server.url + "/file.zip"], tmp_path / "file.zip", SHA)
  assert left(tmp_path) == ["file.zip"]
