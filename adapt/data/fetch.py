"""Download published files with mirrors, resumption and checksums.

Mirrors are tried in order. A file is never half there.

What is there under the final name is whole: bytes go to a `.part` file beside it first. The name of
the part holds the size that the server stated, so that what one mirror began is never completed
with the bytes of another file.
"""

import contextlib
import hashlib
import http.client
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TIMEOUT = 30  # seconds without a byte
ATTEMPTS = 3  # at one mirror, when the connection breaks
_CHUNK = 2**18


class _Broken(Exception):
  """Raised where a mirror fails to serve the file.

  Another mirror may serve it.
  """


class _Part(NamedTuple):
  """A partial download of a file of `total` bytes."""

  path: Path
  total: int

  def size(self) -> int:
    return self.path.stat().st_size if self.path.is_file() else 0


def fetch(
  urls: Sequence[str], path: Path, sha256: str | None = None, limit: int | None = None
) -> Path:
  """Downloads a file unless it is there.

  Args:
    urls: where it is published, http or https, tried in order.
    path: where it goes; its folder is made.
    sha256: its checksum in hexadecimal; None where none is known, then any complete file will do.
    limit: the most bytes to accept; None for no limit.

  Returns:
    `path`.

  Raises:
    ValueError: one line: no mirror has the file, or only one with another checksum; more than
      `limit` bytes; a URL that is not http(s); a folder that cannot be written.
  """
  path = Path(path)
  for url in urls:
    if not url.startswith(("http://", "https://")):
      raise ValueError(f"'{url}' is not an http or https address: give one")
  if path.is_file() and sha256 in (None, checksum(path)):
    return path
  reasons = []
  for url in urls:
    try:
      path.parent.mkdir(parents=True, exist_ok=True)
      _checked(url, path, sha256, limit).replace(path)
      return path
    except _Broken as error:
      reasons.append(f"{url}: {error}")
    except OSError as error:
      raise ValueError(f"{path} cannot be written ({error}): check the disk") from error
  raise ValueError(
    f"{path.name} could not be downloaded ({'; '.join(reasons) or 'it has no address'}): check the "
    f"network, or get it by hand and put it at {path}"
  )


def checksum(path: Path) -> str:
  """The SHA-256 of a file, in hexadecimal."""
  with path.open("rb") as stream:
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _checked(url: str, path: Path, sha256: str | None, limit: int | None) -> Path:
  """Download the complete part file from one mirror and verify it."""
  while True:
    resumed = _begun(path) is not None
    part = _download(url, path, limit)
    if sha256 is None or (got := checksum(part)) == sha256:
      return part
    part.unlink()
    if not resumed:  # else the beginning, perhaps another mirror's, may be what is wrong
      raise _Broken(f"SHA-256 is {got}, expected {sha256}")


def _download(url: str, path: Path, limit: int | None) -> Path:
  """Download from one mirror, retrying broken connections.

  Returns the complete part file.
  """
  for attempt in range(1, ATTEMPTS + 1):
    try:
      return _transfer(url, path, limit)
    except _Broken as error:
      if attempt == ATTEMPTS or not isinstance(
        error.__cause__, OSError | http.client.HTTPException
      ):
        raise
  raise AssertionError("unreachable")


def _transfer(url: str, path: Path, limit: int | None) -> Path:
  """One request: the rest of a part, or the whole file."""
  part = _begun(path)
  with _request(url, part.size() if part else 0) as response:
    start, total = _offered(response)
    if part and (start, total) != (part.size(), part.total):
      part.path.unlink()
      if start:  # the rest of a file of another size
        part = None
    if start and not part:
      return _transfer(url, path, limit)
    if limit is not None and (total or 0) > limit:
      raise _Broken(f"it has {total} bytes where at most {limit} are expected")
    if response.headers.get_content_type() == "text/html" and path.suffix not in (".html", ".htm"):
      raise _Broken("it answers with a web page instead of the file")
    # Without a stated size nothing tells a broken connection from the end: such a part is begun
    # anew each time.
    part = _Part(path.with_name(f"{path.name}.{total or 0}.part"), total or 0)
    with (
      part.path.open("ab" if start else "wb") as stream,
      _progress(path.name, start, total) as at,
    ):
      for chunk in _chunks(response):
        stream.write(chunk)
        at(stream.tell())
        if limit is not None and stream.tell() > limit:
          raise _Broken(f"it has more than the {limit} bytes expected")
  if total is not None and part.size() != total:
    cause = http.client.IncompleteRead(b"")
    raise _Broken(f"it stopped at {part.size()} of {total} bytes") from cause
  return part.path


def _begun(path: Path) -> _Part | None:
  """Find the part to resume: the largest with a stated size."""
  parts = []
  for found in path.parent.iterdir():
    total = re.fullmatch(re.escape(path.name) + r"\.([1-9]\d*)\.part", found.name)
    if total and found.stat().st_size < int(total[1]):
      parts.append(_Part(found, int(total[1])))
  return max(parts, key=_Part.size, default=None)


@contextlib.contextmanager
def _request(url: str, start: int) -> Iterator[Any]:
  """Request the bytes from `start` on and return the response."""
  headers = {"User-Agent": "adapt-jax"} | ({"Range": f"bytes={start}-"} if start else {})
  try:
    try:
      response = _opener().open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
      with error:
        if error.code != 416:  # a part longer than the file: begin anew
          raise _Broken(f"{error.code} {error.reason}") from None
      response = _opener().open(urllib.request.Request(url), timeout=TIMEOUT)
  except (OSError, http.client.HTTPException, ValueError) as error:
    raise _Broken(_short(error)) from error
  with response:
    yield response


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


def _offered(response: Any) -> tuple[int, int | None]:
  """Return a response's start offset and the file's total size.

  The offset is where its bytes begin in the file. The size is None if it is not stated.
  """
  if response.status == 206:
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", response.headers.get("Content-Range", ""))
    if not found:
      raise _Broken("it answers a request for a range without saying which one it sends")
    return int(found[1]), int(found[2])
  length = response.headers.get("Content-Length", "")
  return 0, int(length) if length.isdecimal() else None


def _chunks(response: Any) -> Iterator[bytes]:
  """Iterate over the response body.

  A read that fails is the mirror's failure, unlike a write that fails.
  """
  while True:
    try:
      chunk = response.read(_CHUNK)
    except (OSError, http.client.HTTPException, ValueError) as error:
      raise _Broken(_short(error)) from error
    if not chunk:
      return
    yield chunk


@contextlib.contextmanager
def _progress(name: str, start: int, total: int | None) -> Iterator[Callable[[int], None]]:
  """Show a progress bar on a terminal.

  The value takes the number of bytes there are.
  """
  if not sys.stderr.isatty():
    yield lambda done: None
    return
  from rich.console import Console
  from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

  columns = (TextColumn(name), BarColumn(), DownloadColumn(), TransferSpeedColumn())
  with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
    task = bar.add_task(name, total=total, completed=start)
    yield lambda done: bar.update(task, completed=done)


def _short(error: Exception) -> str:
  return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
