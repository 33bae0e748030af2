"""Servers, published files, config files and plug-ins at random: each works, or one line says why not."""

import contextlib
import gc
import gzip
import io
import shutil
import socket
import threading
import zlib

import fuzzing
import numpy as np
import pytest
from fuzzing import NUMBERS, TEXTS, Tally, fuzz, spoilt
from hypothesis import strategies as st
from scipy.io import savemat
from test_fuzz_commands import OWN
from test_fuzz_images import PICTURES

from adapt import catalogue
from adapt.cli import main
from adapt.data import fetch as module
from adapt.data import http_answers
from adapt.data.builders import base, layout, mat, mnist, tree, usps

BODY = b"0123456789" * 500


@pytest.fixture
def served(monkeypatch):
  """A server that answers with the bytes that it is given; the value is ([the bytes], its URL)."""
  monkeypatch.setattr(http_answers, "TIMEOUT", 0.2)
  answer, ended = [b""], threading.Event()

  def serve(listening):
    while not ended.is_set():
      try:
        talking, _ = listening.accept()
      except OSError:
        return
      with talking, contextlib.suppress(OSError):
        talking.settimeout(1)
        talking.recv(2**16)
        talking.sendall(answer[0])

  with socket.create_server(("127.0.0.1", 0)) as listening:
    listening.settimeout(0.5)
    thread = threading.Thread(target=lambda: [serve(listening) for _ in iter(ended.is_set, True)])
    thread.start()
    yield answer, f"http://127.0.0.1:{listening.getsockname()[1]}/file.bin"
    ended.set()
    thread.join()


@st.composite
def answers(draw):
  """The bytes of an answer over HTTP, of which some are nonsense."""
  sizes = st.sampled_from(
    [str(len(BODY))] * 3 + ["0", "-1", "10", "9" * 5000, "9" * 19, "\u0663", ""]
  )
  status = draw(
    st.sampled_from(["200 OK"] * 5 + ["206 Partial", "416 No", "404 No", "500 No", "x"])
  )
  lines = [
    draw(st.sampled_from(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/9", "FTP", ""])) + " " + status
  ]
  lines.append(f"Content-Length: {draw(sizes)}")
  for odd in draw(
    st.lists(st.sampled_from(["range", "packed", "chunked", "type", "away", "many"]), max_size=2)
  ):
    first, last, total = draw(st.tuples(sizes, sizes, sizes))
    lines += {
      "range": [f"Content-Range: bytes {first}-{last}/{total}"],
      "packed": [f"Content-Encoding: {draw(st.sampled_from(['gzip', 'br', 'identity', '']))}"],
      "chunked": ["Transfer-Encoding: chunked"],
      "type": [f"Content-Type: {draw(st.sampled_from(['text/html', '', 'x' * 500, 'a/b; c']))}"],
      "away": [f"Location: {draw(st.sampled_from(['file:///etc/passwd', 'ftp://x', '//', '/']))}"],
      "many": ["X: y"] * 150,
    }[odd]
  body = draw(st.sampled_from([BODY] * 4 + [gzip.compress(BODY), BODY[:100], b"", BODY * 2]))
  whole = "\r\n".join([*lines, "", ""]).encode("utf-8") + body
  return draw(spoilt(whole)) if draw(st.sampled_from([False, False, True])) else whole


# Of a redirection that breaks off urllib leaves the socket to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.holds("fuzzed", "downloads")
def test_servers(tmp_path, served, capsys):
  """No answer is more than the limit, and nothing is kept that is not as long as it was said to be."""
  tally, (answer, url) = Tally(), served
  path = tmp_path / "file.bin"

  @fuzz("servers", st.tuples(answers(), st.sampled_from([None, 2000])))
  def case(drawn):
    answer[0], begun = drawn
    for old in tmp_path.iterdir():
      old.unlink()
    if begun:
      (tmp_path / f"file.bin.{len(BODY)}.part").write_bytes(BODY[:begun])

    def read():
      found = module.fetch([url], path, limit=2 * len(BODY)).read_bytes()
      assert len(found) <= 2 * len(BODY)

    tally.of(read, "file.bin")
    left = [p.name for p in tmp_path.iterdir() if not p.name.endswith(".part")]
    assert sorted(left) in ([], ["file.bin", "file.bin.sha256"])
    assert len(list(tmp_path.iterdir())) <= 3
    capsys.readouterr()

  gc.collect()
  tally.done("servers")


def _bytes(write, *arguments, **arrays):
  buffer = io.BytesIO()
  write(buffer, *arguments, **arrays)
  return buffer.getvalue()


GREYS = np.zeros((3, 28, 28), np.uint8)
IDX = bytes([0, 0, 8, 3]) + np.array(GREYS.shape, ">i4").tobytes() + GREYS.tobytes()
MAT = {"fts": np.eye(4), "labels": np.arange(4)[:, None]}
# Name → the function that reads it, and whole files of it.
READERS = {
  "a.idx.gz": (
    mnist.read_idx,
    [gzip.compress(IDX), gzip.compress(b""), gzip.compress(bytes(2**20))],
  ),
  "zip.gz": (usps.read_zip_text, [gzip.compress(b"6 " + b"0.5 " * 256), gzip.compress(b"1 2\n")]),
  "a.npz": (
    lambda path: base.read_array_file(path, ("x", "y")),
    [_bytes(np.savez, x=GREYS, y=MAT["labels"]), _bytes(np.savez_compressed, x=GREYS)],
  ),
  "a.mat": (
    lambda path: mat.features(path, 4, ("fts",), 0, 3),
    [_bytes(savemat, MAT), _bytes(savemat, MAT, do_compression=True), _bytes(savemat, {"a": 1})],
  ),
  "a.png": (lambda path: layout.pixels(path.read_bytes(), path.name), PICTURES),
}
DOMAIN = [(f"art/images/{c}/{i}.png", PICTURES[0]) for c in ("cat", "dog") for i in range(2)]


def _tree(path):
  """Reads a domain as the builders of photographs do."""
  with tree.opened([path]) as (names, read):
    for _, name in tree.by_folder(names, ("art",), ("cat", "dog")):
      base.check_image(read(name), f"{path.name} {name}")


@pytest.mark.holds("fuzzed")
def test_published(tmp_path):
  tally = Tally()
  zips = [fuzzing.zipped(DOMAIN), fuzzing.zipped(DOMAIN[:1] * 2), fuzzing.zipped([("art/x", b"")])]
  readers = {**READERS, "set.zip": (_tree, zips)}

  @st.composite
  def made(draw):
    name = draw(st.sampled_from([*readers, "set.zip"]))
    whole = draw(st.sampled_from(readers[name][1]))
    if name.endswith(".gz") and draw(st.booleans()):  # what is inside, spoilt
      return name, gzip.compress(draw(spoilt(zlib.decompress(whole, 31))))
    return name, draw(spoilt(whole)) if draw(st.sampled_from([True, True, False])) else whole

  @fuzz("published", made())
  def case(drawn):
    name, content = drawn
    path = tmp_path / name
    path.write_bytes(content)
    tally.of(lambda: readers[name][0](path), name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    path.unlink()

  tally.done("published")


@pytest.mark.holds("fuzzed")
def test_config_files(tmp_path, capsys, monkeypatch):
  """Command lines in TOML, and records that are to be run again."""
  fuzzing.stay_in(tmp_path, monkeypatch)
  tally, out, file = Tally(), tmp_path / "out", tmp_path / "run.toml"
  source, target = fuzzing.pair(tmp_path)
  values = st.one_of(
    st.sampled_from(
      ["1", "0.1", "true", "[]", "[1, 2]", "{}", "1979-05-27", "nan", "'dann'", "1_0", "0x8"]
    ),
    st.sampled_from([t for t in NUMBERS + TEXTS if t.isprintable()]).map(lambda t: f"'{t}'"),
  )
  names = st.sampled_from(
    [
      "steps",
      "lr",
      "method",
      "source",
      "target",
      "model",
      "sweep",
      "batch_size",
      "plugins",
      "suite",
      "config",
      "no-such",
      "run",
      '"a b"',
      "",
      "weight",
      "dp",
      "out",
      "seeds",
      "help",
    ]
  )

  @fuzz(
    "config files",
    st.tuples(
      st.lists(st.tuples(names, values), max_size=3), st.one_of(st.none(), st.binary(max_size=9))
    ),
  )
  def case(drawn):
    chosen, rest = drawn
    given = {"source": f"'{source}'", "target": f"'{target}'", "steps": "4", "batch_size": "8"}
    lines = [f"{n} = {v}" for n, v in {**given, **dict(chosen)}.items()]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    file.write_bytes(content if rest is None else content + rest)
    flags = ["--config", str(file), "--devices", "1", "--out", str(out)]
    tally.command(capsys, lambda: main.main(["run", *flags]), out)

  tally.done("config files")


@pytest.mark.holds("fuzzed")
def test_plugin_folders(tmp_path, capsys, monkeypatch):
  """Folders with sub-folders of any name, and in them any file."""
  fuzzing.stay_in(tmp_path, monkeypatch)
  tally, out, folder = Tally(), tmp_path / "out", tmp_path / "own"
  pair = fuzzing.pair(tmp_path)
  kinds = st.sampled_from(
    [*catalogue.KINDS, *catalogue.KINDS, "tests", ".git", "_x", "metods", "é", "."]
  )
  files = st.sampled_from(
    ["mine.py", "mine.py", "__init__.py", "my-own.py", "os.py", "mine.txt", "x/mine.py"]
  )
  contents = st.one_of(
    st.just(OWN.encode()),
    spoilt(OWN.encode()),
    st.sampled_from(
      [
        b"",
        b"\xff\xfe",
        b"def mine(",
        b"SUITE = 3",
        b"SUITE = None\nmine = 1",
        b"1 / 0",
        b"raise SystemExit",
      ]
    ),
  )
  uses = st.sampled_from(
    [
      ["--method", "mine"],
      ["--weights", "mine"],
      ["--tuning", "mine"],
      ["--model", "mine"],
      ["--optimizer", "mine"],
      ["--augment", "mine"],
      ["--validator", "mine"],
      [],
    ]
  )

  @fuzz("plug-in folders", st.tuples(st.lists(st.tuples(kinds, files, contents), max_size=4), uses))
  def case(drawn):
    made, chosen = drawn
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for kind, name, content in made:
      place = folder / kind / name
      place.parent.mkdir(parents=True, exist_ok=True)
      if not place.is_dir():
        place.write_bytes(content)
    catalogue._extra.clear()
    for kind in catalogue.KINDS:
      fuzzing.forget(f"_from_folder.adapt.{kind}")
    tally.command(capsys, lambda: fuzzing.run(*pair, out, *chosen, "--plugins", str(folder)), out)

  tally.done("plug-in folders")
