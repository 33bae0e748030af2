"""Commands beside `adapt run`, and methods of one's own: each works, or one line says why not."""

import fuzzing
import numpy as np
import pytest
import toy
from fuzzing import Tally, fuzz, spoilt
from hypothesis import strategies as st

from adapt import catalogue
from adapt.cli import main


@pytest.fixture(autouse=True)
def no_training(monkeypatch, tmp_path):
  fuzzing.stay_in(tmp_path, monkeypatch)


PLACES = [
  "moons.npz",
  "turned.npz",
  "moons.npz",
  "turned.npz",
  ".",
  "no.npz",
  "no.csv",
  "no.npy",
  "tfds:no",
]
PLACES += [
  "tfds:",
  "features:",
  "features:moons.npz",
  "usps",
  "mnist",
  "NO",
  "",
  "x" * 5000,
  "a\nb",
  "\udcff.npz",
]
PLACES += [
  "../moons.npz",
  "moons.npz/",
  "/dev/null",
  "/etc/passwd",
  "folder",
  "~/x.npz",
  ".npz",
  "..npz",
]


@pytest.mark.holds("fuzzed")
def test_data(tmp_path, capsys):
  tally = Tally()
  fuzzing.pair(tmp_path)
  place, text = st.sampled_from(PLACES), st.sampled_from([*fuzzing.TEXTS, *fuzzing.NUMBERS])
  target = st.sampled_from(
    ["a.png", "a.txt", "no/a.png", "/dev/null/a.png", ".", "", "moons.npz/x.png"]
  )
  command = st.one_of(
    st.tuples(st.just("list"), place),
    st.tuples(st.just("list")),
    st.tuples(st.just("list"), st.just("--data-dir"), text),
    st.tuples(st.just("prepare"), place, st.just("--from"), place),
    st.tuples(st.just("prepare"), st.sampled_from(["usps", "pacs"]), st.just("--from"), place),
    st.tuples(st.just("show"), place, st.just("--out"), target),
    st.tuples(st.just("audit"), place, place),
    st.tuples(
      st.just("audit"), st.just("moons.npz"), st.just("turned.npz"), st.just("--json"), target
    ),
    st.tuples(text, text),
  )

  @fuzz("data", command)
  def case(arguments):
    folder = ["--data-dir", str(tmp_path / "prepared")] if "--data-dir" not in arguments else []
    extra = folder if arguments[0] in ("list", "prepare", "show", "audit") else []
    tally.command(capsys, lambda: main.main(["data", *arguments, *extra]))

  tally.done("data")


@pytest.mark.holds("fuzzed")
def test_model_commands(tmp_path, capsys):
  tally = Tally()
  fuzzing.pair(tmp_path)
  for name in ("a" * 200, "b" * 200):  # file systems allow 255 bytes
    np.savez(tmp_path / f"{name}.npz", x=toy.MOONS.train.x[:40], y=toy.MOONS.train.y[:40])
  long = [f"{c * 200}.npz" for c in "ab"]
  place, text = st.sampled_from(PLACES), st.sampled_from([*fuzzing.TEXTS, *PLACES])
  flag = st.sampled_from(["--model", "--data", "--out", "--methods-path", "--data-dir", "--no"])
  pairs = st.lists(st.tuples(flag, text), max_size=5).map(
    lambda found: [w for p in found for w in p]
  )
  sources = st.one_of(place, place, st.sampled_from(long))
  run = st.tuples(st.just("--source"), sources, st.just("--target"), sources).map(list)
  four = st.tuples(st.just("--data"), place).map(list)
  command = st.one_of(
    st.tuples(st.sampled_from(["predict", "export"]), pairs),
    st.tuples(st.just("run"), st.one_of(run, run, four)),
    st.tuples(st.just("methods"), st.one_of(st.just([]), st.lists(text, max_size=1), pairs)),
    st.tuples(text, pairs),
  )

  @fuzz("model commands", command)
  def case(drawn):
    name, chosen = drawn
    short = ["--batch-size", "8", "--devices", "1"] if name == "run" else []
    tally.command(capsys, lambda: main.main([name, *chosen, *short]))

  tally.done("model commands")


OWN = '''"""A method of one's own."""

from adapt.models import nets
from adapt.method import Method


def mine(net, *, weight: float = 1.0):
  """Learns.

  Args:
    weight: of nothing.
  """
  return Method(lambda key, batch: ({}, {}), lambda *_: (0.0, ({}, {})), lambda p, s, x: (x, x))
'''
CHANGES = [
  ("def mine(", "def yours("),
  ("def mine(net", "def mine("),
  ("def mine(net", "def mine(net, other"),
  ("weight: float = 1.0", "weight"),
  *(
    ("weight: float = 1.0", f"{name} = 1.0")
    for name in ("source", "steps", "lr", "help", "sweep", "depth")
  ),
  *(
    ("= 1.0)", f"= {v})")
    for v in ("None", "[]", "{}", "()", "lambda: 1", "float('nan')", "object()", "b''")
  ),
  ("return Method", "raise KeyError('x')\n  return Method"),
  ("return Method(", "return dict(a="),
  ("return Method(lambda key, batch: ({}, {}), ", "return Method("),
  ("return ", "yield "),
  ("from adapt.models import nets", "import nothing_of_this_name"),
  ("from adapt.models import nets", "import sys\nsys.exit(0)"),
  ("from adapt.models import nets", "raise SystemExit"),
  ("from adapt.models import nets", "1 / 0"),
  ("from adapt.models import nets", "def f(:"),
  ("from adapt.models import nets", "mine = 3"),
  ('"""Learns.', 'r"""Learns.\n\n  Args:\n  :::\n    : \n  Returns'),
  ('"""Learns.', '"""%s %(default)s {x} [bold] %'),
  ("def mine(", "class mine:\n  def __init__("),
  ("def mine(", "mine = print\ndef mine_("),
]


@pytest.mark.holds("fuzzed")
def test_own_methods(tmp_path, capsys):
  tally, pair, out = Tally(), fuzzing.pair(tmp_path), tmp_path / "out"
  folder = tmp_path / "own"
  content = st.one_of(
    st.just(OWN),
    st.lists(st.sampled_from(CHANGES), min_size=1, max_size=2),
    spoilt(OWN.encode()),
    st.sampled_from([b"", b"\xff\xfe", b"\0", b"def mine(", b"(" * 5000]),
  )
  names = st.sampled_from(["mine"] * 6 + ["dann", "my-own", "os"])

  @fuzz("own methods", st.tuples(content, names, st.sampled_from(["run", "run", "methods"])))
  def case(drawn):
    made, name, command = drawn
    if isinstance(made, list):
      text = OWN
      for old, new in made:
        text = text.replace(old, new)
      made = text
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.py"):
      old.unlink()
    whole = made.encode() if isinstance(made, str) else made
    (folder / f"{name}.py").write_bytes(whole.replace(b"mine", name.encode()))
    catalogue._extra.clear()
    fuzzing.forget("_from_folder.adapt.methods")
    path = ["--methods-path", str(folder)]
    if command == "methods":
      tally.command(capsys, lambda: main.main(["methods", name, *path]))
    else:
      tally.command(capsys, lambda: fuzzing.run(*pair, out, "--method", name, *path), out)

  tally.done("own methods")
