"""Arrays that a user may bring, made at random and spoilt: each works, or one line says why not."""

import io
import warnings
import zipfile

import fuzzing
import numpy as np
import pytest
import toy
from fuzzing import Tally, fuzz, spoilt
from hypothesis import strategies as st

from adapt.data import read_folder

DTYPES = [
  "f4",
  "f8",
  "f2",
  "g",
  "i8",
  "i4",
  "i2",
  "u1",
  "u8",
  "?",
  "c8",
  "O",
  "U3",
  "S2",
  "M8[s]",
  "V4",
]
ROWS = st.sampled_from([0, 1, 2, 3, 40, 40, 40])
SHAPES = st.one_of(
  st.tuples(ROWS, st.sampled_from([0, 1, 2, 2, 2])),
  st.tuples(ROWS),
  st.just(()),
  st.tuples(ROWS, st.integers(0, 6), st.integers(0, 6)),
  st.tuples(
    ROWS, st.sampled_from([1, 8, 28]), st.sampled_from([1, 8, 28]), st.sampled_from([0, 1, 3])
  ),
  st.tuples(ROWS, *[st.integers(0, 3)] * 4),
)


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
  fuzzing.stop_at_training(monkeypatch)


@st.composite
def arrays(draw, shapes=SHAPES):
  """An array of any type, shape and values that NumPy can save."""
  dtype, shape = draw(st.sampled_from(["f4", "f4", "i8", "u1", *DTYPES])), draw(shapes)
  size = int(np.prod(shape))
  values = np.arange(size, dtype=object) % draw(st.sampled_from([1, 2, 2, 7]))
  odd = draw(
    st.sampled_from([None, None, None, -1, 2**31, 2**62, 0.5, np.nan, np.inf, 1e300, 5000])
  )
  if odd is not None and size:
    values[draw(st.integers(0, size - 1))] = odd
  if dtype == "O":
    values[: size // 2] = draw(st.sampled_from([None, "text", 1j, b"\0"]))
  with warnings.catch_warnings(), np.errstate(all="ignore"):
    warnings.simplefilter("ignore")
    try:
      return values.reshape(shape).astype(dtype)
    except (ValueError, TypeError, OverflowError):
      return values.astype("U3").reshape(shape)


ODD = [
  "array",
  "array",
  "numbers",
  "split",
  "images",
  "drop",
  "header",
  "bytes",
  "member",
  "kind",
  "spoil",
]
LABELS = arrays(st.one_of(st.tuples(ROWS), st.tuples(ROWS), st.tuples(ROWS, st.just(1)), SHAPES))


@st.composite
def headers(draw):
  """An .npy file whose header says anything at all."""
  descr = draw(
    st.sampled_from(
      ["'<f4'"] * 4
      + ["'<f8'", "'|u1'", "'|O'", "'>i8'", "'<U0'", "'|S0'", "'<m8'", "'?'", "'no'", "5", "None"]
      + ["[('a', '<f4')]", "('<f4', (1000000,))", "'<f4,<f4'", "'<U999999999'", "'V99999999999'"]
    )
  )
  shape = draw(
    st.sampled_from(
      ["(40, 2)"] * 3
      + ["(2684354560, 2)", "(1000000000000000, 2)", "(99999999999999999999999, 2)", "(-1, 2)"]
      + ["(3,)", "()", "(True, 2)", "(40, 2", "[40, 2]", "40", "(40.0, 2)", "(0, 2)", "(40, 2, 0)"]
      + ["(4294967296, 4294967296)", "(0, 9999999999999)", "-" * 9000 + "1", "(" * 900 + ")" * 900]
    )
  )
  rest = draw(st.sampled_from(["", "", "", ", 'more': 1", ", 'shape': (1,)", "\0", " # "]))
  order = draw(st.sampled_from(["False", "True", "0", "None"]))
  text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}{rest}}}\n".encode()
  version = draw(st.sampled_from([1, 1, 1, 2, 3, 9]))
  length = len(text) + draw(st.sampled_from([0, 0, 0, -3, 5, 60000]))
  size = length.to_bytes(2 if version == 1 else 4, "little")
  payload = np.arange(80, dtype="<f4").tobytes()[: draw(st.sampled_from([320, 320, 0, 7]))]
  return b"\x93NUMPY" + bytes([version, 0]) + size + text + payload


def npy(array):
  buffer = io.BytesIO()
  np.save(buffer, array, allow_pickle=True)
  return buffer.getvalue()


@st.composite
def archived(draw):
  """The bytes of an .npz file of moons to which up to three odd things are done."""
  parts = {"x": npy(toy.MOONS.train.x[:40]), "y": npy(toy.MOONS.train.y[:40])}
  kind, again, spoils = zipfile.ZIP_DEFLATED, [], False
  for odd in draw(st.lists(st.sampled_from(ODD), max_size=3)):
    if odd == "array":
      name = draw(st.sampled_from(["x", "x", "y", "x_test", "y_test", "more", "../x"]))
      parts[name] = npy(draw(LABELS if name[0] == "y" else arrays()))
    elif odd == "numbers":  # of labels alone
      values = np.arange(40) % 2 + draw(st.sampled_from([0, 1, -1, 0.5, 99_998, 2**31, np.nan]))
      with np.errstate(invalid="ignore"):
        parts["y"] = npy(values.astype(draw(st.sampled_from(["f8", "f4", "i8", "?", "u1", "O"]))))
    elif odd == "split":
      parts |= {"x_test": npy(toy.MOONS.test.x[:20]), "y_test": npy(toy.MOONS.test.y[:20])}
    elif odd == "images":
      side, dtype = (
        draw(st.sampled_from([1, 8, 28])),
        draw(st.sampled_from(["u1", "u1", "f4", "i4"])),
      )
      parts["x"] = npy(np.zeros((40, side, side, draw(st.sampled_from([1, 3, 9]))), dtype))
    elif odd == "drop":
      parts.pop(draw(st.sampled_from(["x", "y"])), None)
    elif odd == "header":
      parts[draw(st.sampled_from(["x", "y"]))] = draw(headers())
    elif odd == "bytes" and parts:
      name = draw(st.sampled_from(sorted(parts)))
      parts[name] = draw(spoilt(parts[name]))
    elif odd == "member":
      names = ["x.npy", "x", "readme", "y.npy", "y.npy/", "\N{SNOWMAN}", " "]
      again.append(
        (draw(st.sampled_from(names)), draw(st.sampled_from([b"text", fuzzing.zipped([])])))
      )
    elif odd == "kind":
      kind = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]))
    else:
      spoils = True
  whole = fuzzing.zipped([*((f"{n}.npy", p) for n, p in parts.items()), *again], kind)
  return draw(spoilt(whole)) if spoils else whole


@pytest.mark.holds("fuzzed")
def test_npz(tmp_path, capsys):
  tally, good = Tally(), fuzzing.pair(tmp_path)[0]
  bad, other, out = tmp_path / "bad.npz", tmp_path / "other.npz", tmp_path / "out"

  @fuzz("npz", st.tuples(archived(), st.sampled_from(["target", "source", "both", "features:"])))
  def case(drawn):
    content, role = drawn
    bad.write_bytes(content)
    other.write_bytes(content)
    chosen = {"target": (good, bad), "source": (bad, good), "both": (bad, other)}
    source, target = chosen.get(role, (good, f"features:{bad}"))
    tally.command(capsys, lambda: fuzzing.run(source, target, out), out)

  tally.done("npz")


@pytest.mark.holds("fuzzed")
def test_npy(tmp_path, capsys):
  tally, folder, out = Tally(), tmp_path / "four", tmp_path / "out"
  folder.mkdir()
  usual = st.just(npy(toy.MOONS.train.x[:40]))
  content = st.one_of(usual, usual, usual, usual.flatmap(spoilt), headers(), arrays().map(npy))
  known = st.just(npy(toy.MOONS.train.y[:40]))
  labels = st.one_of(known, known, LABELS.map(npy))

  @fuzz("npy", st.tuples(content, labels, st.booleans()))
  def case(drawn):
    x, y, as_folder = drawn
    if as_folder:
      for role in "source", "target":
        (folder / f"{role}_data.npy").write_bytes(x)
        (folder / f"{role}_labels.npy").write_bytes(y)
      tally.of(lambda: read_folder(folder), "four")
      return
    for name in "a", "b":
      (tmp_path / f"{name}.npy").write_bytes(x)
      (tmp_path / f"{name}_labels.npy").write_bytes(y)
    tally.command(capsys, lambda: fuzzing.run(tmp_path / "a.npy", tmp_path / "b.npy", out), out)

  tally.done("npy")


def test_there_are_enough_cases():
  """Each test asserts that it ran as many as this counts."""
  assert sum(fuzzing.CASES.values()) >= 3500
