"""Download published files with mirrors, resumption and checksums.

Mirrors are tried in order. A file is never half there. What has no published checksum is held to
the one that it had when it was first there.

What is there under the final name is whole: bytes go to a `.part` file beside it first. The name of
the part holds the size that the server stated, so that what one mirror began is never completed
with the bytes of another file.
"""

import contextlib
import hashlib
import http.client
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from adapt.data import atomic_files, http_answers
from adapt.data.http_answers import Broken

ATTEMPTS = 3  # at one mirror, when the connection breaks
LIMIT = 2**32  # bytes of a file whose size is not known
SECONDS = 24 * 3600  # for one file from all of its mirrors
PINNED = ".sha256"  # suffix of the file that keeps a checksum, in the form of sha256sum


class _Part(NamedTuple):
  """A partial download of a file of `total` bytes."""

  path: Path
  total: int

  def size(self) -> int:
    return self.path.stat().st_size if self.path.is_file() else 0


def fetch(
  urls: Sequence[str],
  path: Path,
  sha256: str | None = None,
  limit: int = LIMIT,
  seconds: float = SECONDS,
) -> Path:
  """Downloads a file unless it is there.

  Args:
    urls: where it is published, http or https, tried in order.
    path: where it goes; its folder is made.
    sha256: its checksum in hexadecimal; None where none is published: then the one that it has when
      it is first there is kept beside it, in the file's name and `PINNED`, and told on stderr.
    limit: the most bytes to accept.
    seconds: the most time to take, for all addresses together.

  Returns:
    `path`.

  Raises:
    ValueError: one line: no mirror has the file, or only one with another checksum; more than
      `limit` bytes; it takes too long; a URL that is not http(s); a folder that cannot be written.
  """
  path, deadline = Path(path), time.monotonic() + seconds
  for url in urls:
    if not url.startswith(("http://", "https://")):
      raise ValueError(f"'{url}' is not an http or https address: give one")
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    known = sha256 or _pinned(path)
    if path.is_file() and known in (None, checksum(path)):
      return path if known else _pin(path)
    for part in _obsolete(path, limit):
      part.unlink()
    reasons = []
    for url in urls:
      try:
        _checked(url, path, known, limit, deadline).replace(path)
        for part in _obsolete(path, 0):
          part.unlink()
        return path if known else _pin(path, url)
      except Broken as error:
        reasons.append(f"{url}: {error}")
  except OSError as error:
    raise ValueError(f"{path} cannot be written ({error}): check the disk") from error
  again = "" if sha256 or not known else f", or remove {path}{PINNED} if the file has a new version"
  raise ValueError(
    f"{path.name} could not be downloaded ({'; '.join(reasons) or 'it has no address'}): check the "
    f"network, or get it by hand and put it at {path}{again}"
  )


def _pinned(path: Path) -> str | None:
  """Return the checksum that a file had when it was first there.

  Raises ValueError if what keeps it is damaged.
  """
  kept = Path(f"{path}{PINNED}")
  if not kept.is_file():
    return None
  with kept.open("rb") as stream:
    found = re.match(rb"[0-9a-f]{64}(?=\s)", stream.read(66))
  if not found:
    raise ValueError(f"{kept} holds no SHA-256: remove it to take the file as it is")
  return found[0].decode()


def _pin(path: Path, url: str = "") -> Path:
  """Keep the checksum of a file that has none published, and say so."""
  digest = checksum(path)
  atomic_files.replace(Path(f"{path}{PINNED}"), f"{digest}  {path.name}\n".encode())
  plain = " and came by plain http" if url.startswith("http:") else ""
  print(
    f"warning: no SHA-256 of {path.name} is published{plain}: the one that it has, {digest}, is "
    f"kept in {path.name}{PINNED} and asked of it from now on",
    file=sys.stderr,
  )
  return path


def checksum(path: Path) -> str:
  """The SHA-256 of a file, in hexadecimal."""
  with path.open("rb") as stream:
    return hashlib.file_digest(stream, "sha256").hexdigest()


def _checked(url: str, path: Path, sha256: str | None, limit: int, deadline: float) -> Path:
  """Download the complete part file from one mirror and verify it."""
  while True:
    resumed = _begun(path) is not None
    part = _download(url, path, limit, deadline)
    if sha256 is None or (got := checksum(part)) == sha256:
      return part
    part.unlink()
    if not resumed:  # else the beginning, perhaps another mirror's, may be what is wrong
      raise Broken(f"SHA-256 is {got}, expected {sha256}")


def _download(url: str, path: Path, limit: int, deadline: float) -> Path:
  """Download from one mirror, retrying broken connections.

  Returns the complete part file.
  """
  for attempt in range(1, ATTEMPTS + 1):
    try:
      return _transfer(url, path, limit, deadline)
    except Broken as error:
      if attempt == ATTEMPTS or not isinstance(
        error.__cause__, OSError | http.client.HTTPException
      ):
        raise
  raise AssertionError("unreachable")


def _transfer(url: str, path: Path, limit: int, deadline: float) -> Path:
  """One request: the rest of a part, or the whole file."""
  part = _begun(path)
  with http_answers.request(url, part.size() if part else 0, deadline) as response:
    start, total = http_answers.offered(response)
    if start and not part:
      raise Broken(f"it sends the bytes from {start} on, which were not asked for")
    if part and (start, total) != (part.size(), part.total):
      part.path.unlink()
      if start:  # the rest of a file of another size
        return _transfer(url, path, limit, deadline)  # with one part less
    if (total or 0) > limit:
      raise Broken(f"it has {total} bytes where at most {limit} are expected")
    if response.headers.get_content_type() == "text/html" and path.suffix not in (".html", ".htm"):
      raise Broken("it answers with a web page instead of the file")
    chunks = http_answers.chunks(response, deadline)
    if http_answers.packed(response, path):
      chunks, total = (
        http_answers.unpacked(chunks),
        None,
      )  # what is stated is the size of what is sent
    # Without a stated size nothing tells a broken connection from the end: such a part is begun
    # anew each time.
    part = _Part(path.with_name(f"{path.name}.{total or 0}.part"), total or 0)
    _store(chunks, part, start, path.name, limit)
  if total is not None and part.size() != total:
    cause = http.client.IncompleteRead(b"")
    raise Broken(f"it stopped at {part.size()} of {total} bytes") from cause
  return part.path


def _store(chunks: Iterator[bytes], part: _Part, start: int, name: str, limit: int) -> None:
  """Write what a mirror sends from byte `start` on to a part file."""
  most = min(limit, part.total or limit)
  with (
    part.path.open("ab" if start else "wb") as stream,
    _progress(name, start, part.total or None) as at,
  ):
    done = start
    for chunk in chunks:
      done += len(chunk)
      if done > most:
        what = "expected" if most == limit else "stated"
        raise Broken(f"it has more than the {most} bytes {what}")
      stream.write(chunk)
      at(done)


def _begun(path: Path) -> _Part | None:
  """Find the part to resume: the largest with a stated size."""
  parts = []
  for found in path.parent.iterdir():
    total = re.fullmatch(re.escape(path.name) + r"\.([1-9]\d*)\.part", found.name)
    if total and found.stat().st_size < int(total[1]):
      parts.append(_Part(found, int(total[1])))
  return max(parts, key=_Part.size, default=None)


def _obsolete(path: Path, limit: int) -> list[Path]:
  """Find the parts that no download will go on with."""
  pattern = re.compile(re.escape(path.name) + r"\.(\d{1,18})\.part", re.ASCII)
  found = ((p, pattern.fullmatch(p.name)) for p in path.parent.iterdir())
  return [p for p, total in found if total and not 0 < int(total[1]) <= limit]


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
