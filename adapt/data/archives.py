"""Read .zip and .tar archives without unpacking them.

Archives whose members are not plain files are refused.

Nothing is ever written by the path that an archive gives. Names that would leave a folder, links
and devices are refused all the same: an archive with them is not the one that was published.
"""

import contextlib
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

LIMIT = 2**36  # bytes, unpacked
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2")
_CHUNK = 2**20
_ABOUT = (
  *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
  *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)  # headers that say something of the next one


def is_archive(path: Path) -> bool:
  """Return whether the file name is that of a supported archive."""
  return path.name.lower().endswith(_SUFFIXES)


def members(
  path: Path, limit: int = LIMIT, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[str, bytes]]:
  """Iterate over the regular files of an archive, in archive order.

  Formats: .zip, .tar, .tar.gz, .tgz and .tar.bz2.

  Args:
    path: the archive.
    limit: the most bytes to unpack in total, counted as they are read.
    wanted: which names to read; the others are checked, but not unpacked.

  Yields:
    (name, contents); the name has forward slashes and no leading "./".

  Raises:
    ValueError: one line that names the file: absent, another kind of file, damaged, cut short,
      encrypted; a member that is a link or device or whose name leaves the folder; more than
      `limit` bytes.
  """
  path = Path(path)
  with _opened(path) as archive:
    read = _reader(path, limit)
    for name, opens in _entries(path, archive):
      if wanted(name):
        yield name, read(opens)


@contextlib.contextmanager
def contents(
  path: Path, limit: int = LIMIT, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
  """Open an archive to read its wanted files in any order.

  A .zip and a plain .tar are read member by member, so they may be larger than memory; a compressed
  .tar has no index, so the wanted members are held in memory.

  Args:
    path: as `members`, as are `limit` and `wanted`.

  Returns:
    A context whose value is (the wanted names in the archive's order, a function from a name to its
    contents).

  Raises:
    ValueError: as `members`; a name that occurs twice.
  """
  path = Path(path)
  if not path.name.lower().endswith((".zip", ".tar")):
    held = list(members(path, limit, wanted))
    _unique(path, [name for name, _ in held])
    yield [name for name, _ in held], dict(held).__getitem__
    return
  with _opened(path) as archive:
    found = [(name, opens) for name, opens in _entries(path, archive) if wanted(name)]
    _unique(path, [name for name, _ in found])
    at, read = dict(found), _reader(path, limit)
    yield list(at), lambda name: read(at[name])


def safe_name(name: str) -> str | None:
  """Return a member's normalised name, or None if it would escape.

  Normalised: forward slashes and no leading "./". An unsafe name would leave the folder.
  """
  if "\\" in name or "\0" in name or name.startswith("/") or re.match(r"[A-Za-z]:", name):
    return None
  parts = [part for part in name.split("/") if part not in ("", ".")]
  return "/".join(parts) if parts and ".." not in parts else None


def _unique(path: Path, names: list[str]) -> None:
  twice = [name for name, count in Counter(names).items() if count > 1]
  if twice:
    raise ValueError(f"{path} has {twice[0]} twice: fetch it again")


class _Header(tarfile.TarInfo):
  """TAR header that raises on damage.

  TarFile itself takes a damaged or absent header for the end of the archive.
  """

  @classmethod
  def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
    try:
      found = super().frombuf(buf, encoding, errors)
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
      raise
    except tarfile.HeaderError as error:
      raise tarfile.ReadError(str(error)) from error
    # What names and attributes take is read as a whole, however much a header claims.
    if found.size < 0 or (found.type in _ABOUT and found.size > _CHUNK):
      raise tarfile.ReadError(f"a header claims {found.size} bytes")
    return found


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path")
  if not is_archive(path):
    raise ValueError(f"{path} is not an archive by its name: give {', '.join(_SUFFIXES)}")
  archive: Any
  with _damage(path):
    if path.name.lower().endswith(".zip"):
      archive = zipfile.ZipFile(path)
    else:
      archive = tarfile.open(path, "r:*", tarinfo=_Header)  # noqa: SIM115
  # Outside of _damage: an error of who uses the archive is none of the archive's.
  with archive:
    yield archive


def _entries(path: Path, archive: Any) -> Iterator[tuple[str, Callable[[], IO[bytes]]]]:
  """Yield (name, opener) for each regular file."""
  is_zip = isinstance(archive, zipfile.ZipFile)
  with _damage(path):
    for name, kind, opens in _zip_entries(archive) if is_zip else _tar_entries(archive):
      safe = safe_name(name)
      if kind == "directory":
        continue
      if kind != "file":
        raise ValueError(f"{path} has the {kind} {name!r}, not only files: fetch it again")
      if safe is None:
        raise ValueError(f"{path} has the name {name!r}, outside of its folder: fetch it again")
      yield safe, opens


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[tuple[str, str, Any]]:
  for info in archive.infolist():
    mode = info.external_attr >> 16
    kind = "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "link or device"
    if info.is_dir():
      kind = "directory"
    elif info.flag_bits & 1:
      kind = "encrypted file"
    # `orig_filename`: ZipFile cuts the other at a NUL and, on Windows, turns backslashes.
    yield info.orig_filename, kind, partial(archive.open, info)


def _tar_entries(archive: Any) -> Iterator[tuple[str, str, Any]]:
  while (info := archive.next()) is not None:
    archive.members.clear()  # it would keep every header, and hundreds of thousands are usual
    kind = "directory" if info.isdir() else "file" if info.isreg() else "link or device"
    kind = "sparse file" if info.issparse() else kind  # a few bytes that unpack to any number
    yield info.name, kind, partial(archive.extractfile, info)
  # A checksum of the compression stands at its end.
  while archive.fileobj.read(_CHUNK):
    pass


def _reader(path: Path, limit: int) -> Callable[[Callable[[], IO[bytes]]], bytes]:
  """Return a function that reads members, with a total size limit.

  At most `limit` bytes are read in total. Sizes in headers are not trusted.
  """
  left = limit

  def read(opens: Callable[[], IO[bytes]]) -> bytes:
    nonlocal left
    data = bytearray()
    with _damage(path), opens() as stream:
      while chunk := stream.read(min(_CHUNK, left + 1)):
        data += chunk
        left -= len(chunk)
        if left < 0:
          raise ValueError(f"{path} unpacks to more than {limit} bytes: fetch it again")
    return bytes(data)

  return read


@contextlib.contextmanager
def _damage(path: Path) -> Iterator[None]:
  """Convert library errors on damaged archives into one-line errors."""
  try:
    yield
  except (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    UnicodeDecodeError,
    OSError,
    NotImplementedError,
    RuntimeError,
  ) as error:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    raise ValueError(f"{path} is damaged or cut short ({reason}): fetch it again") from error
