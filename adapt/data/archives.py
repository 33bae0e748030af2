"""Read .zip and .tar archives without unpacking them.

Archives whose members are not plain files are refused.

Nothing is ever written by the path that an archive gives. Names that would leave a folder, links
and devices are refused all the same: an archive with them is not the one that was published.
"""

import contextlib
import gzip
import io
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
from typing import IO, Any, NamedTuple, Self

from adapt.data import npy

LIMIT = 2**36  # bytes, unpacked
IMAGE = 2**28  # bytes of one image, which no published set comes near
_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2")
_IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".gif", ".tif", ".tiff")
_CHUNK = 2**20
_ABOUT = (
  *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
  *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
)  # headers that say something of the next one


class _Entry(NamedTuple):
  """A regular file of an archive: where it is, the size that it states, its opener."""

  name: str
  size: int
  opens: Callable[[], IO[bytes]]


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
      `limit` bytes; an image of more than `IMAGE` bytes, or another file of more than a quarter of
      the memory, by the size that is stated or that there is.
  """
  path = Path(path)
  with _opened(path) as archive:
    read = _reader(path, limit)
    for entry in _entries(path, archive):
      if wanted(entry.name):
        yield entry.name, read(entry)


@contextlib.contextmanager
def contents(
  path: Path, limit: int = LIMIT, wanted: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
  """Open an archive to read its wanted files in any order.

  A .zip and a plain .tar are read member by member, so they may be larger than memory; a compressed
  .tar has no index, so the wanted members are held in memory, of which they may take half.

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
    held = list(members(path, min(limit, npy.memory() // 2), wanted))
    _unique(path, [name for name, _ in held])
    yield [name for name, _ in held], dict(held).__getitem__
    return
  with _opened(path) as archive:
    found = [entry for entry in _entries(path, archive) if wanted(entry.name)]
    _unique(path, [entry.name for entry in found])
    at, read = {entry.name: entry for entry in found}, _reader(path, limit)
    yield list(at), lambda name: read(at[name])


def gunzipped(path: Path, limit: int) -> bytes:
  """Unpack a .gz file of at most `limit` bytes.

  Raises:
    ValueError: one line that names the file: absent, damaged, cut short, or larger.
  """
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path")
  with _damage(path), gzip.open(path) as stream:
    data = stream.read(limit + 1)
    if len(data) > limit:
      raise ValueError(f"{path} unpacks to more than {limit} bytes: fetch it again")
    return data


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


def _entries(path: Path, archive: Any) -> Iterator[_Entry]:
  """Yield each regular file."""
  is_zip = isinstance(archive, zipfile.ZipFile)
  with _damage(path):
    for (name, size, opens), kind in _zip_entries(archive) if is_zip else _tar_entries(archive):
      safe = safe_name(name)
      if kind == "directory":
        continue
      if kind != "file":
        raise ValueError(f"{path} has the {kind} {name!r}, not only files: fetch it again")
      if safe is None:
        raise ValueError(f"{path} has the name {name!r}, outside of its folder: fetch it again")
      yield _Entry(safe, size, opens)


def _zip_entries(archive: zipfile.ZipFile) -> Iterator[tuple[_Entry, str]]:
  for info in archive.infolist():
    mode = info.external_attr >> 16
    kind = "file" if stat.S_IFMT(mode) in (0, stat.S_IFREG) else "link or device"
    if info.is_dir():
      kind = "directory"
    elif info.flag_bits & 1:
      kind = "encrypted file"
    # `orig_filename`: ZipFile cuts the other at a NUL and, on Windows, turns backslashes.
    yield _Entry(info.orig_filename, info.file_size, partial(archive.open, info)), kind


def _tar_entries(archive: Any) -> Iterator[tuple[_Entry, str]]:
  while (info := archive.next()) is not None:
    archive.members.clear()  # it would keep every header, and hundreds of thousands are usual
    kind = "directory" if info.isdir() else "file" if info.isreg() else "link or device"
    kind = "sparse file" if info.issparse() else kind  # a few bytes that unpack to any number
    yield _Entry(info.name, info.size, partial(archive.extractfile, info)), kind
  # A checksum of the compression stands at its end.
  while archive.fileobj.read(_CHUNK):
    pass


def _most(name: str, packed: int) -> int:
  """The most bytes that a member of that name may have, in an archive of `packed` bytes."""
  if name.lower().endswith(_IMAGES):
    return IMAGE
  return min(npy.memory() // 4, npy.plausible(packed))


def _reader(path: Path, limit: int) -> Callable[[_Entry], bytes]:
  """Return a function that reads members, with a total size limit.

  At most `limit` bytes are read in total. A size that is stated can refuse a member before it is
  read, but nothing else: what is read is counted.
  """
  left, packed = limit, path.stat().st_size

  def read(entry: _Entry) -> bytes:
    nonlocal left
    most = _most(entry.name, packed)
    if entry.size > most:
      raise _large(path, entry.name, most)
    buffer = io.BytesIO()  # `read` of a zip's member would hold the bytes twice
    with _damage(path), entry.opens() as stream:
      while buffer.tell() <= min(most, left) and (chunk := stream.read(_CHUNK)):
        buffer.write(chunk)
    data = buffer.getvalue()
    if len(data) > most:
      raise _large(path, entry.name, most)
    left -= len(data)
    if left < 0:
      raise ValueError(f"{path} unpacks to more than {limit} bytes: fetch it again")
    return data

  return read


def _large(path: Path, name: str, most: int) -> ValueError:
  return ValueError(f"{path} has {name} of more than {most / 2**20:.0f} MiB: fetch it again")


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
