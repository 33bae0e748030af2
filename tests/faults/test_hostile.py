"""Files made to fill memory, to hang or to run code: refused in one line, at once, in little memory."""

import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from pathlib import Path

import fuzzing
import numpy as np
import pyarrow as pa
import pytest
import sample_records
from PIL import Image
from pyarrow import parquet
from test_weights_file import STORAGES
from test_weights_file import zipped as torch_file

from adapt import data
from adapt.data import images, npy
from adapt.models import weights_file
from adapt.records import record, started
from adapt.report import formats, page, tables

GIB = 2**30
SECONDS = 10  # that one may take; they take far less, but the machine may be busy


def header(shape, dtype="<f4", rest=b""):
  text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
  return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + rest


def claiming(member, size):
  """A zip archive whose headers say that its only member has so many bytes."""
  whole = bytearray(fuzzing.zipped([("x.npy", member)], zipfile.ZIP_DEFLATED))
  central = whole.index(b"PK\x01\x02")
  whole[central + 24 : central + 28] = whole[22:26] = struct.pack("<I", size)
  return bytes(whole)


def png(width, height):
  """An image that says it is of that size, with the pixels of a few rows."""

  def chunk(kind, content):
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check

  head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
  rows = zlib.compress(bytes(1000))
  return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tar(**fields):
  """An archive of one header with these fields, and its checksum."""
  info = tarfile.TarInfo("a.png")
  for name, value in fields.items():
    setattr(info, name, value)
  return info.tobuf(tarfile.GNU_FORMAT) + bytes(10240)


def sparse():
  """A GNU sparse file: 512 bytes that are to become 40 GiB of zeros."""
  block = bytearray(tar(type=tarfile.GNUTYPE_SPARSE, size=512))

  def put(at, number):
    block[at : at + 12] = b"\x80" + number.to_bytes(11, "big")

  put(386, 40 * GIB - 512)  # offset and size of the only piece
  put(398, 512)
  put(483, 40 * GIB)
  block[148:156] = b" " * 8
  block[148:156] = b"%06o\0 " % sum(block[:512])
  return bytes(block)


def pax(text):
  """An archive with an extended header."""
  record = f"{len(text) + 4} {text}\n".encode()
  info = tarfile.TarInfo("x")
  info.type, info.size = tarfile.XHDTYPE, len(record)
  return info.tobuf() + record.ljust(512, b"\0") + tar()


def bomb(size):
  """A zip archive of zeros, its size as it says."""
  return fuzzing.zipped([("a.png", bytes(size))], zipfile.ZIP_DEFLATED)


LABELS = np.r_[np.zeros(39, np.int64), 2**31 - 1]
FILES = {
  "npz header of 10 GiB": (
    "domain",
    "a.npz",
    lambda: fuzzing.zipped([("x.npy", header((5 * GIB // 2, 1)))]),
  ),
  "npz header of 2^70 bytes": (
    "domain",
    "a.npz",
    lambda: fuzzing.zipped([("x.npy", header((2**68, 1)))]),
  ),
  "npz member of 4 GiB": ("domain", "a.npz", lambda: claiming(header((GIB, 1)), 2**32 - 1)),
  "npy header of 10 GiB": ("domain", "a.npy", lambda: header((5 * GIB // 2, 1))),
  "npy of one huge element": ("domain", "a.npy", lambda: header((1, 1), "<U2000000000")),
  "npy header of parentheses": ("domain", "a.npy", lambda: header("(" * 9000)),
  "npy header of minuses": ("domain", "a.npy", lambda: header("-" * 9000 + "1")),
  "npz label of 2^31": (
    "domain",
    "a.npz",
    lambda: fuzzing.zipped(
      [
        ("x.npy", header((40, 1), rest=bytes(160))),
        ("y.npy", header((40,), "<i8", LABELS.tobytes())),
      ]
    ),
  ),
  "npy that is a pickle": ("domain", "a.npy", lambda: pickle.dumps(print)),
  "model of 10 GiB": (
    "model",
    "a.model.npz",
    lambda: fuzzing.zipped([("about.npy", header((10 * GIB,), "|u1"))]),
  ),
  "image of 3.6 gigapixels": ("image", "a.png", lambda: png(60000, 60000)),
  "image of 170 megapixels": ("image", "a.png", lambda: png(13000, 13000)),
  "image of 2^31 columns": ("image", "a.png", lambda: png(2**31 - 1, 1)),
  "sparse tar of 40 GiB": ("archive", "a.tar", sparse),
  "tar member of 60 GiB": ("archive", "a.tar", lambda: tar(size=60 * GIB)),
  "tar of negative size": ("archive", "a.tar", lambda: tar(size=-1024)),
  "pax header of 60 GiB": ("archive", "a.tar", lambda: tar(type=tarfile.XHDTYPE, size=60 * GIB)),
  "pax size that is negative": ("archive", "a.tar", lambda: pax("size=-512")),
  "pickle with a memo of 2^31": (
    "weights",
    "a.pth",
    lambda: torch_file(b"}r\xff\xff\xff\x7f", STORAGES),
  ),
  "pickle of 2^62 bytes": (
    "weights",
    "a.pth",
    lambda: torch_file(b"\x8e" + b"\xff" * 7 + b"\x3f", STORAGES),
  ),
  "pickle that runs code": (
    "weights",
    "a.pth",
    lambda: torch_file(b"cos\nsystem\n(X\x02\x00\x00\x00idtR", STORAGES),
  ),
  "safetensors header of 2^60": (
    "weights",
    "a.safetensors",
    lambda: struct.pack("<Q", 2**60) + b"{}",
  ),
}


@pytest.fixture(scope="module")
def reader():
  """Answers (kind, message, seconds) for a reader and a file, in a process of its own."""
  process = subprocess.Popen(
    [sys.executable, str(Path(__file__).with_name("limited.py"))],
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    text=True,
    env={**os.environ, "JAX_PLATFORMS": "cpu", "ARROW_DEFAULT_MEMORY_POOL": "system"},
  )

  def ask(name, path):
    print(json.dumps([name, str(path)]), file=process.stdin, flush=True)
    return json.loads(process.stdout.readline())

  yield ask
  process.stdin.close()
  process.wait(SECONDS)
  process.stdout.close()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize("case", FILES)
@pytest.mark.holds("hostile")
def test_a_hostile_file_is_refused_in_little_memory(case, reader, tmp_path):
  name, file, content = FILES[case]
  path = tmp_path / file
  path.write_bytes(content())
  kind, message, seconds = reader(name, path)
  assert kind in ("ValueError", "_Stranger"), (kind, message)
  assert file in message and fuzzing.REMEDY.search(message), message
  assert seconds < SECONDS
  assert [p.name for p in tmp_path.iterdir()] == [file]


@pytest.mark.holds("hostile")
def test_more_than_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
  monkeypatch.setattr(npy, "memory", lambda: 10_000)
  np.savez_compressed(tmp_path / "zeros.npz", x=np.zeros((40, 100)))
  parquet.write_table(pa.table({"f0": np.zeros(40_000)}), tmp_path / "zeros.parquet")
  for name in ("zeros.npz", "zeros.parquet"):
    with pytest.raises(ValueError, match=rf"{name}.*more than the .* of memory"):
      data.load(str(tmp_path / name))


@pytest.mark.holds("unpickled")
def test_a_pickle_cannot_ask_for_room_by_a_number(tmp_path):
  (tmp_path / "a.pth").write_bytes(torch_file(b"}r\xff\xff\xff\x7f", STORAGES))
  with pytest.raises(ValueError, match=r"a\.pth has a pickle with impossible numbers"):
    weights_file.read(tmp_path / "a.pth")


@pytest.mark.holds("unpickled")
def test_no_other_program_reads_an_image(monkeypatch):
  """PIL hands PostScript to Ghostscript, whatever the file is called."""
  buffer = io.BytesIO()
  Image.new("RGB", (4, 4)).save(buffer, "EPS")
  monkeypatch.setattr(subprocess, "Popen", lambda *a, **k: pytest.fail("a program was started"))
  with pytest.raises(ValueError, match=r"a\.png does not decode"):
    images.decode(buffer.getvalue(), 4, "a.png")


SCRIPT = "<script>alert(1)<"


@pytest.mark.holds("shown")
def test_a_page_of_results_shows_what_is_in_records_as_text(tmp_path):
  item = sample_records.make(label=f'"{SCRIPT}"')
  item |= {"protocol": SCRIPT, "command": SCRIPT, "classes": [SCRIPT, *item["classes"][1:]]}
  item["environment"] |= {"commit": SCRIPT, "device": SCRIPT}
  item["config"]["settings"]["model"] = SCRIPT
  sample_records.save(tmp_path, item)
  records = record.read_all(tmp_path)
  sheets = [*tables.sheets(records, None), tables.cost(records, None)]
  whole = page.html({SCRIPT: sheets}, page.pictures(tmp_path), SCRIPT)
  assert "alert(1)" in whole and not re.search(r"<script>\s*alert", whole)
  assert all(formats.latex(sheet, "x") for sheet in sheets)


@pytest.mark.holds("shown")
def test_a_record_keeps_no_key_and_any_name(tmp_path, monkeypatch):
  monkeypatch.setenv("WANDB_API_KEY", "a-secret-key")
  monkeypatch.setattr(sys, "argv", ["adapt", "run", "--source", "\udcff.npz"])
  item = sample_records.make() | {"environment": record.environment(), "command": started.shown()}
  sample_records.save(tmp_path, item)
  [file] = tmp_path.rglob("*.json")
  assert "a-secret-key" not in file.read_text("utf-8")
  assert record.read(file)["command"] == item["command"]
