"""Archives: what is in them, and those that are refused: damaged, too large, links, names that escape."""

import contextlib
import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile

import pytest

from adapt.data import archives

SUFFIXES = ("zip", "tar", "tar.gz", "tgz", "tar.bz2")
# 512 bytes are a tar's block: members that end with one and members that do not.
FILES = {
  f"folder/{i}.bin": random.Random(i).randbytes(size)
  for i, size in enumerate((0, 1, 512, 513, 1024, 3000, 70_000))
}


def write(path, files=FILES, folders=()):
  if path.suffix == ".zip":
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
      for name in folders:
        archive.mkdir(name)
      for name, data in files.items():
        archive.writestr(name, data)
    return path
  modes = {".tar": "w", ".gz": "w:gz", ".tgz": "w:gz", ".bz2": "w:bz2"}
  with tarfile.open(path, modes[path.suffix]) as archive:
    for name in folders:
      archive.addfile(entry(name, tarfile.DIRTYPE))
    for name, data in files.items():
      archive.addfile(entry(name, size=len(data)), io.BytesIO(data))
  return path


def entry(name, kind=tarfile.REGTYPE, size=0, link=""):
  info = tarfile.TarInfo(name)
  info.type, info.size, info.linkname = kind, size, link
  return info


def refuses(message, path, **settings):
  with pytest.raises(ValueError, match=message) as caught:
    list(archives.members(path, **settings))
  assert "\n" not in str(caught.value) and str(path) in str(caught.value)
  with pytest.raises(ValueError, match=message):
    read_all(path, settings)


def read_all(path, settings):
  with archives.contents(path, **settings) as (names, read):
    return [read(name) for name in names]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_and_contents(tmp_path, suffix):
  path = write(tmp_path / f"x.{suffix}", FILES, folders=["folder"])
  assert list(archives.members(path)) == list(FILES.items())
  with archives.contents(path) as (names, read):
    assert names == list(FILES)
    for name in reversed(names):
      assert read(name) == FILES[name]
    assert read("folder/3.bin") == FILES["folder/3.bin"]  # a second time
  assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing is unpacked


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_wanted_only(tmp_path, suffix):
  path = write(tmp_path / f"x.{suffix}")
  wanted = {"folder/2.bin", "folder/6.bin"}
  assert {name for name, _ in archives.members(path, wanted=wanted.__contains__)} == wanted
  with archives.contents(path, wanted=wanted.__contains__) as (names, read):
    assert set(names) == wanted and read("folder/6.bin") == FILES["folder/6.bin"]
  limit = len(FILES["folder/2.bin"])  # the others count for nothing
  assert list(archives.members(path, limit, {"folder/2.bin"}.__contains__))


def test_names_are_plain(tmp_path):
  path = write(tmp_path / "x.tar", {"./a//b/./c": b"1"})
  assert list(archives.members(path)) == [("a/b/c", b"1")]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_cut_short(tmp_path, suffix):
  whole = write(tmp_path / f"x.{suffix}").read_bytes()
  path = tmp_path / f"cut.{suffix}"
  # A tar ends with blocks of zeros, of which one tells its end.
  end = len(whole.rstrip(b"\0")) + 512 if suffix == "tar" else len(whole)
  cuts = {0, 1, 511, 512, 513, 1536, end - 1025, end - 513, end - 512, end - 1}
  for cut in sorted(cuts | set(range(0, end - 600, 5000))):
    path.write_bytes(whole[:cut])
    refuses(r"damaged or cut short \(.+\): fetch it again", path)


@pytest.mark.parametrize("suffix", ["zip", "tar.gz", "tar.bz2"])
def test_flipped_bits(tmp_path, suffix):
  """What has checksums is read right or refused."""
  whole = write(tmp_path / f"x.{suffix}").read_bytes()
  path, draw = tmp_path / f"flipped.{suffix}", random.Random(0)
  for _ in range(60):
    data = bytearray(whole)
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)
    with contextlib.suppress(ValueError):
      assert {k: v for k, v in archives.members(path) if k in FILES} == FILES


@pytest.mark.parametrize("suffix", ["zip", "tar"])
@pytest.mark.parametrize(
  "name", ["/etc/x", "../x", "a/../../x", "C:/x", "c:x", "a\\..\\x", "..", "a/.."]
)
@pytest.mark.holds("archived")
def test_names_that_escape(tmp_path, suffix, name):
  path = write(tmp_path / f"x.{suffix}", {"fine": b"1", name: b"2"})
  refuses(r"has the name .*, outside of its folder", path)


@pytest.mark.parametrize(
  "kind",
  [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
@pytest.mark.holds("archived")
def test_links_and_devices_in_a_tar(tmp_path, kind):
  with tarfile.open(tmp_path / "x.tar", "w") as archive:
    archive.addfile(entry("a", size=1), io.BytesIO(b"1"))
    archive.addfile(entry("b", kind, link="a"))
  refuses(r"has the link or device 'b', not only files", tmp_path / "x.tar")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
@pytest.mark.holds("archived")
def test_links_and_devices_in_a_zip(tmp_path, kind):
  info = zipfile.ZipInfo("b")
  info.create_system, info.external_attr = 3, (kind | 0o777) << 16
  with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
    archive.writestr(info, "/etc/passwd")
  refuses(r"has the link or device 'b', not only files", tmp_path / "x.zip")


def test_encrypted(tmp_path):
  data = bytearray(write(tmp_path / "x.zip", {"a": b"1"}).read_bytes())
  data[data.index(b"PK\1\2") + 8] |= 1
  (tmp_path / "x.zip").write_bytes(data)
  refuses(r"has the encrypted file 'a', not only files", tmp_path / "x.zip")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.holds("archived")
def test_bombs(tmp_path, suffix):
  path = write(tmp_path / f"x.{suffix}", {f"{i}": bytes(400_000) for i in range(3)})
  refuses(r"unpacks to more than 1199999 bytes", path, limit=1_199_999)
  assert len(list(archives.members(path, limit=1_200_000))) == 3


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.holds("archived")
def test_one_member_is_limited_by_its_kind(tmp_path, suffix, monkeypatch):
  """An image by what images have, another file by the memory: as it states, and as it is."""
  monkeypatch.setattr(archives, "IMAGE", 50_000)
  monkeypatch.setattr(archives.npy, "memory", lambda: 400_000)
  image = write(tmp_path / f"image.{suffix}", {"a/b.PNG": bytes(50_001)})
  refuses(r"has a/b\.PNG of more than 0 MiB: fetch it again", image)
  other = write(tmp_path / f"other.{suffix}", {"a/b.bin": bytes(100_001)})
  refuses(r"has a/b\.bin of more than 0 MiB: fetch it again", other)
  monkeypatch.setattr(archives.npy, "_UNASKED", 10_000)
  packed = other.stat().st_size
  if 100 * packed < 100_000:
    refuses(
      r"has a/b\.bin of more than 0 MiB: fetch it again",
      write(tmp_path / f"most.{suffix}", {"a/b.bin": bytes(100_000)}),
    )
  monkeypatch.setattr(archives.npy, "_UNASKED", 2**20)
  fine = {"a/b.PNG": bytes(50_000), "a/b.bin": bytes(100_000)}
  assert dict(archives.members(write(tmp_path / f"fine.{suffix}", fine))) == fine


@pytest.mark.holds("archived")
def test_a_member_that_is_larger_than_it_states(tmp_path, monkeypatch):
  monkeypatch.setattr(archives, "IMAGE", 50_000)
  (tmp_path / "x.zip").touch()
  read = archives._reader(tmp_path / "x.zip", 10**6)
  with pytest.raises(ValueError, match=r"x\.zip has a\.png of more than"):
    read(archives._Entry("a.png", 10, lambda: io.BytesIO(bytes(10**5))))


def test_what_is_held_in_memory_fits_into_half_of_it(tmp_path, monkeypatch):
  monkeypatch.setattr(archives.npy, "memory", lambda: 400_000)
  files = {f"{i}.png": bytes(90_000) for i in range(3)}
  path = write(tmp_path / "x.tgz", files)
  with pytest.raises(ValueError, match="unpacks to more than 200000 bytes"):
    read_all(path, {})
  assert len(read_all(write(tmp_path / "x.zip", files), {})) == 3  # one at a time


@pytest.mark.holds("archived")
def test_a_gzip_file_is_unpacked_to_its_limit(tmp_path):
  path = tmp_path / "a.gz"
  path.write_bytes(gzip.compress(bytes(1000)))
  assert archives.gunzipped(path, 1000) == bytes(1000)
  with pytest.raises(ValueError, match=r"a\.gz unpacks to more than 999 bytes: fetch"):
    archives.gunzipped(path, 999)
  with pytest.raises(ValueError, match=r"no file '.*b\.gz': check the path"):
    archives.gunzipped(tmp_path / "b.gz", 9)


@pytest.mark.holds("archived")
def test_a_size_that_lies(tmp_path):
  """What is read counts, whatever size the headers state."""
  path = write(tmp_path / "x.zip", {"a": bytes(400_000)})
  data = bytearray(path.read_bytes())
  for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
    struct.pack_into("<I", data, data.index(mark) + offset, 10)
  path.write_bytes(data)
  refuses(r"damaged or cut short", path)


def test_the_same_name_twice(tmp_path):
  with tarfile.open(tmp_path / "x.tar", "w") as archive:
    for data in (b"1", b"2"):
      archive.addfile(entry("a", size=1), io.BytesIO(data))
  with pytest.raises(ValueError, match=r"x.tar has a twice"), archives.contents(tmp_path / "x.tar"):
    pass


def test_no_archive(tmp_path):
  refuses(r"no file '.*away.zip': check the path", tmp_path / "away.zip")
  (tmp_path / "x.rar").write_bytes(b"Rar!")
  refuses(r"is not an archive by its name: give .zip, .tar,", tmp_path / "x.rar")
  for suffix in SUFFIXES:
    (tmp_path / f"x.{suffix}").write_bytes(b"<html>not found</html>" * 100)
    refuses(r"damaged or cut short", tmp_path / f"x.{suffix}")


def test_an_error_of_who_reads_is_not_the_archives(tmp_path):
  path = write(tmp_path / "x.zip")
  with pytest.raises(OSError, match="disk full"), archives.contents(path):
    raise OSError("disk full")
