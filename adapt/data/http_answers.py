"""One answer of a server to a request, with time limits.

The request is for a file. What is wrong with an answer is an error of its own kind, for another
mirror may serve the file.
"""

import contextlib
import http.client
import queue
import re
import threading
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TIMEOUT = 30  # seconds without a byte
ANSWER = 60  # seconds until an answer begins, however many bytes of it have come
SLOWEST = 1024  # bytes a second, once `ANSWER` seconds have passed
_CHUNK = 2**18
_GZIP = ("gzip", "x-gzip")
_SIZE = 10**15  # bytes; more is no size of a file


class Broken(Exception):
  """Raised where a mirror fails to serve the file.

  Another mirror may serve it.
  """


@contextlib.contextmanager
def request(url: str, start: int, deadline: float) -> Iterator[Any]:
  """Request the bytes from `start` on and return the response."""
  headers = {"User-Agent": "adapt-jax"} | ({"Range": f"bytes={start}-"} if start else {})
  try:
    try:
      response = _answer(urllib.request.Request(url, headers=headers), deadline)
    except urllib.error.HTTPError as error:
      with error:
        if error.code != 416:  # a part longer than the file: begin anew
          raise Broken(f"{error.code} {error.reason}") from None
      response = _answer(urllib.request.Request(url), deadline)
  except (OSError, http.client.HTTPException, ValueError) as error:
    raise Broken(_short(error)) from error
  with response:
    yield response


def _answer(request: urllib.request.Request, deadline: float) -> Any:
  """Return the response to a request within `ANSWER` seconds.

  A time limit of the socket begins anew with every byte, so a thread of its own is waited for.
  """
  answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

  def ask() -> None:
    try:
      answers.put(_opener().open(request, timeout=TIMEOUT))
    except Exception as error:
      answers.put(error)

  threading.Thread(target=ask, daemon=True).start()
  try:
    found = answers.get(timeout=max(0.0, min(ANSWER, deadline - time.monotonic())))
  except queue.Empty:
    raise Broken("it does not answer in time") from None
  if isinstance(found, Exception):
    raise found
  return found


def _opener() -> urllib.request.OpenerDirector:
  """Build a urllib opener without file:, ftp: and data:.

  A redirection could otherwise name them.
  """
  opener = urllib.request.OpenerDirector()
  for handler in (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
  ):
    opener.add_handler(handler())
  return opener


def offered(response: Any) -> tuple[int, int | None]:
  """Return a response's start offset and the file's total size.

  The offset is where its bytes begin in the file. The size is None if it is not stated.
  """
  if response.status == 206:
    stated = response.headers.get("Content-Range", "")
    found = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18})", stated, re.ASCII)
    if not found:
      raise Broken("it answers a request for a range without saying which one it sends")
    return int(found[1]), int(found[2])
  length = response.headers.get("Content-Length", "")
  if not re.fullmatch(r"[0-9]+", length):
    return 0, None
  if len(length) > 18 or int(length) > _SIZE:
    raise Broken(f"it states {length[:20]} bytes or more, which no file has")
  return 0, int(length)


def packed(response: Any, path: Path) -> bool:
  """Return whether a file is sent in another form than published.

  Servers say of a .gz file too that it is "encoded", which it is as published.
  """
  kind = response.headers.get("Content-Encoding", "identity").strip().lower()
  if kind in ("", "identity") or (kind in _GZIP and path.suffix in (".gz", ".tgz")):
    return False
  if kind not in _GZIP or response.status == 206:
    raise Broken(f"it sends the file packed as '{kind[:40]}'")
  return True


def chunks(response: Any, deadline: float) -> Iterator[bytes]:
  """Iterate over the response body.

  A read that fails is the mirror's failure, unlike a write that fails. One that goes on forever with
  next to nothing is given up too.
  """
  began, size = time.monotonic(), 0
  while True:
    try:
      chunk = response.read1(_CHUNK)  # what is there, not what would fill the buffer
    except (OSError, http.client.HTTPException, ValueError) as error:
      raise Broken(_short(error)) from error
    if not chunk:
      return
    yield chunk
    now, size = time.monotonic(), size + len(chunk)
    if now > deadline:
      raise Broken("it takes longer than the time for the whole file")
    if now - began > ANSWER and size < SLOWEST * (now - began):
      raise Broken(f"it sends less than {SLOWEST} bytes a second")


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
  """Unpack gzip as it comes, a bounded piece at a time."""
  unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
  for chunk in chunks:
    while chunk and not unpacker.eof:
      try:
        yield unpacker.decompress(chunk, _CHUNK)
      except zlib.error as error:
        raise Broken(_short(error)) from error
      chunk = unpacker.unconsumed_tail
  if not unpacker.eof:
    raise Broken("it stopped inside of the packed file") from http.client.IncompleteRead(b"")


def _short(error: Exception) -> str:
  return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
