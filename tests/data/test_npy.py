"""npy: what NumPy writes is read back; what claims more than is there or is no array is refused."""

import io
import struct
import zipfile

import numpy as np
import pytest

from adapt.data import npy

ARRAYS = {
  "x": np.arange(12, dtype=np.float32).reshape(3, 4),
  "turned": np.asfortranarray(np.arange(6).reshape(2, 3)),
  "big": np.arange(3, dtype=">i4"),
  "text": np.array(["ä", "bc"]),
  "none": np.zeros((0, 3)),
  "one": np.array(5.0),
  "bytes": np.zeros(2, "V2"),
}


def header(shape, dtype="<f4", rest=b""):
  text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
  return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + rest


def zipped(path, members, kind=zipfile.ZIP_STORED):
  with zipfile.ZipFile(path, "w", kind) as archive:
    for name, content in members:
      archive.writestr(name, content)
  return path


def read_all(path):
  with npy.members(path) as (names, array):
    return {name: array(name) for name in names}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_what_numpy_writes_is_read_back(save, tmp_path):
  save(tmp_path / "a.npz", **ARRAYS)
  assert npy.is_archive(tmp_path / "a.npz")
  found = read_all(tmp_path / "a.npz")
  assert list(found) == list(ARRAYS)
  for name, array in ARRAYS.items():
    np.testing.assert_array_equal(found[name], array)
    np.save(tmp_path / "one.npy", array)
    again = npy.read(tmp_path / "one.npy")
    np.testing.assert_array_equal(again, array)
    assert again.dtype == found[name].dtype == array.dtype
  assert not npy.is_archive(tmp_path / "one.npy")


WRONG = [
  (header((10**10, 1)), "claims 40000000000 bytes, and 0 are there"),
  (header((2**62, 2**62)), "claims"),
  (header((0, 2**63)), "claims 0 bytes"),
  (header((3, 1), rest=bytes(8)), "claims 12 bytes, and 8 are there"),
  (header((1, 1), rest=bytes(8)), "claims 4 bytes, and 8 are there"),
  (header((-1, 2)), "impossible"),
  (header((True, 2), rest=bytes(8)), "impossible"),
  (header("(" * 9000), "EOF|header|nested"),
  (header("-" * 9000 + "1"), "header|recursion"),
  (b"\x93NUMPY\x09\x00", r"version \(9, 0\)"),
  (b"", "EOF"),
]


@pytest.mark.parametrize(("content", "message"), WRONG, ids=lambda v: str(v)[:30])
def test_a_header_that_lies_is_refused(content, message, tmp_path):
  (tmp_path / "a.npy").write_bytes(content)
  with pytest.raises(npy.Damaged, match=message):
    npy.read(tmp_path / "a.npy")
  with pytest.raises(npy.Damaged, match=message):
    read_all(zipped(tmp_path / "a.npz", [("a.npy", content)]))


def test_objects_are_told_apart(tmp_path):
  np.save(tmp_path / "a.npy", np.array([{}]), allow_pickle=True)
  with pytest.raises(npy.Pickled):
    npy.read(tmp_path / "a.npy")


def array_bytes():
  buffer = io.BytesIO()
  np.save(buffer, np.zeros(100))
  return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_no_npz_are_refused(tmp_path):
  path, one = tmp_path / "a.npz", array_bytes()
  for members, message in (
    ([("a.npy", one), ("a.npy", one)], "a.npy twice"),
    ([("a.npy", one), ("a", one)], "a name twice"),
    ([("readme", b"text")], "readme is not a NumPy array"),
  ):
    with pytest.raises(npy.Damaged, match=message):
      read_all(zipped(path, members))
  for kind in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
    with pytest.raises(npy.Damaged, match="compressed in a way that NumPy does not write"):
      read_all(zipped(path, [("a.npy", one)], kind))
  path.write_bytes(zipped(path, [("a.npy", one)]).read_bytes()[:-1])
  with pytest.raises(npy.Damaged, match="not a zip file"):
    read_all(path)


def test_what_does_not_fit_is_refused_before_it_is_read(tmp_path, monkeypatch):
  path = tmp_path / "a.npz"
  np.savez_compressed(path, x=np.zeros(10_000))
  monkeypatch.setattr(npy, "memory", lambda: 50_000)
  with pytest.raises(npy.Damaged, match="more than the 0 GiB of memory"):
    read_all(path)
  monkeypatch.undo()
  monkeypatch.setattr(npy, "_UNASKED", 70_000)
  with pytest.raises(
    npy.Damaged, match="more than 100 times its size: save it without compression"
  ):
    read_all(path)
  np.savez(path, x=np.zeros(10_000))
  assert len(read_all(path)) == 1
  np.savez_compressed(path, x=np.zeros(10_000))
  monkeypatch.undo()
  assert npy.memory() > 2**28
  content = bytearray(path.read_bytes())
  central = content.index(b"PK\x01\x02")
  content[central + 24 : central + 28] = struct.pack("<I", 2**32 - 1)
  path.write_bytes(content)
  with pytest.raises(npy.Damaged, match="claims 4294967295 bytes, more than it can hold"):
    read_all(path)


@pytest.mark.holds("hostile")
def test_bytes_that_several_members_share_are_refused(tmp_path):
  """Otherwise a few bytes could be unpacked any number of times."""
  np.savez_compressed(tmp_path / "a.npz", x=np.zeros(10**5))
  whole = (tmp_path / "a.npz").read_bytes()
  start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
  entries = [whole[start:end].replace(b"x.npy", b"%c.npy" % name) for name in b"abcdefgh"]
  tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 8, 8, 8 * (end - start), start, 0)
  (tmp_path / "b.npz").write_bytes(whole[:start] + b"".join(entries) + tail)
  with pytest.raises(npy.Damaged, match="share bytes"), npy.members(tmp_path / "b.npz"):
    pass
