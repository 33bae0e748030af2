"""Images, folders of them and archives, made at random and spoilt: each works, or one line says why not."""

import io
import shutil
import tarfile
import zipfile

import fuzzing
import numpy as np
import pytest
from fuzzing import Tally, fuzz, spoilt
from hypothesis import strategies as st
from PIL import Image

from adapt.data import archives, images


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
  fuzzing.stop_at_training(monkeypatch)


def picture(kind, mode, size, frames=1):
  """The bytes of an image."""
  made = [
    Image.fromarray(np.full((size[1], size[0], 3), 40 * i + 60, np.uint8)).convert(mode)
    for i in range(frames)
  ]
  if mode == "I;16":
    made = [Image.fromarray(np.full((size[1], size[0]), 40000, np.uint16))]
  buffer = io.BytesIO()
  made[0].save(buffer, kind, save_all=frames > 1, append_images=made[1:])
  return buffer.getvalue()


PICTURES = [
  *(picture("PNG", mode, (9, 7)) for mode in ("RGB", "L", "1", "P", "RGBA", "LA", "I;16")),
  *(picture("JPEG", mode, (9, 7)) for mode in ("RGB", "L", "CMYK")),
  *(picture(kind, "RGB", (9, 7), 3) for kind in ("PNG", "WEBP", "GIF", "TIFF")),
  *(
    picture(kind, "RGB", (9, 7))
    for kind in ("BMP", "PPM", "WEBP", "TIFF", "PCX", "TGA", "ICNS", "JPEG2000")
  ),
  picture("EPS", "RGB", (9, 7)),
  picture("TIFF", "F", (9, 7)),
  picture("PDF", "RGB", (9, 7)),
  b"",
  b"P6 99999 99999 255 ",
  b"<svg xmlns='http://www.w3.org/2000/svg'/>",
]
ENCODED = st.sampled_from(PICTURES)


@pytest.mark.holds("fuzzed")
def test_images():
  tally = Tally()

  @fuzz(
    "images", st.tuples(st.one_of(ENCODED, ENCODED.flatmap(spoilt)), st.sampled_from([1, 5, 32]))
  )
  def case(drawn):
    content, side = drawn

    def read():
      made = images.decode(content, side, "cat.png")
      assert made.shape == (side, side, 3) and made.dtype == np.uint8

    tally.of(read, "cat.png")

  tally.done("images")


@pytest.mark.holds("fuzzed")
def test_folders(tmp_path, capsys):
  """Folders of images: any layout of train, test and classes, with whatever lies in them."""
  tally, out = Tally(), tmp_path / "out"
  inside = st.sampled_from(
    ["", "cat", "dog", "train", "train/cat", "train/dog", "test/cat", "test", "val", ".x"]
  )
  names = st.sampled_from(
    [*(f"{i}.png" for i in range(9)), "a.JPG", "b.txt", ".c.png", "d.png.png", "e\nf.png"]
  )
  usual = [(f, f"{f}{i}.png", PICTURES[0]) for f in ("cat", "dog") for i in range(9)]

  @fuzz(
    "folders", st.tuples(st.lists(st.tuples(inside, names, ENCODED), max_size=6), st.booleans())
  )
  def case(drawn):
    files, more = drawn
    for name in "ab":
      shutil.rmtree(tmp_path / name, ignore_errors=True)
      (tmp_path / name).mkdir()
      for folder, file, content in files + more * usual:
        place = tmp_path / name / folder
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(content)
    flags = ["--model", "dtn", "--image-size", "32"]
    tally.command(capsys, lambda: fuzzing.run(tmp_path / "a", tmp_path / "b", out, *flags), out)

  tally.done("folders")


def tarred(members, mode):
  buffer = io.BytesIO()
  with tarfile.open(fileobj=buffer, mode=mode) as archive:
    for name, content, kind in members:
      info = tarfile.TarInfo(name)
      info.type, info.size, info.linkname = kind, len(content), "../secret"
      archive.addfile(info, io.BytesIO(content))
  return buffer.getvalue()


@st.composite
def packed(draw):
  """The suffix and the bytes of an archive."""
  names = st.sampled_from(
    ["a.png", "cat/b.png", "../up", "/root", "C:\\x", "a/./b", "a/../../b", "", "x" * 300, "é"]
  )
  kinds = st.sampled_from(
    [tarfile.REGTYPE] * 6 + [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
  )
  contents = st.sampled_from([b"", b"plain", bytes(5000), fuzzing.zipped([("in.txt", b"x")])])
  members = draw(st.lists(st.tuples(names, contents, kinds), max_size=4))
  suffix = draw(st.sampled_from([".zip", ".tar", ".tar.gz", ".tar.bz2"]))
  if suffix == ".zip":
    kind = draw(
      st.sampled_from(
        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
      )
    )
    whole = fuzzing.zipped([(name or "empty", content) for name, content, _ in members], kind)
  else:
    mode = {".tar": "w", ".tar.gz": "w:gz", ".tar.bz2": "w:bz2"}[suffix]
    whole = tarred([(n, c if k == tarfile.REGTYPE else b"", k) for n, c, k in members], mode)
  return suffix, draw(spoilt(whole)) if draw(st.booleans()) else whole


@pytest.mark.holds("fuzzed")
def test_archives(tmp_path):
  tally = Tally()

  @fuzz("archives", st.tuples(packed(), st.sampled_from([4000, 2**20])))
  def case(drawn):
    (suffix, whole), limit = drawn
    path = tmp_path / f"set{suffix}"
    path.write_bytes(whole)

    def read():
      with archives.contents(path, limit) as (names, of):
        assert sum(len(of(name)) for name in names) <= limit
        assert all(archives.safe_name(name) == name for name in names)

    tally.of(read, path.name)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    path.unlink()

  tally.done("archives")
