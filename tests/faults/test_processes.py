"""One run over several processes: the numbers of one, whoever is told to stop or dies on the way."""

import json
import os
import random
import re
import signal
import socket
import time

import forks
import numpy as np
import pytest
import toy

from adapt import methods
from adapt.data import Split

# Told to stop, as a cluster would: at its first evaluation.
TOLD = (
  "import os, signal; from adapt.training import history; real = history.History.add\n"
  "def add(self, *what): real(self, *what); os.kill(os.getpid(), signal.SIGTERM)\n"
  f"history.History.add = add; {forks.PLAIN}"
)
# Dies with no warning while it decodes the inputs of a step.
KILLED = (
  "import os; from adapt.training import stream; real = stream.Loader.at\n"
  "def at(self, step): step == {step} and os.kill(os.getpid(), 9); return real(self, step)\n"
  f"stream.Loader.at = at; {forks.PLAIN}"
)
OTHER = f"import sys; sys.argv += ['--momentum', '0.5']; {forks.PLAIN}"
FLAGS = ["--method", "coral", "--steps", "20", "--evaluations", "4", "--seeds", "1"]
FLAGS += ["--checkpoint-minutes", "0"]
LIMIT = 120  # seconds that anything may take
HEARD = 40  # seconds in which the others stop, as the README has it


def free_port():
  with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    return s.getsockname()[1]


class Ended:
  """What became of the processes of one command, in their order."""

  def __init__(self, processes, limit=LIMIT):
    self.codes, self.seconds = [], []
    began = time.monotonic()
    for p in processes:
      self.codes.append(p.wait(max(0, began + limit - time.monotonic())))
      self.seconds.append(time.monotonic() - began)
    self.outputs = [p.out.read_text() for p in processes]
    self.errors = [p.err.read_text() for p in processes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  folder = tmp_path_factory.mktemp("processes")
  toy.write_pair(folder)
  return folder


@pytest.fixture(scope="module")
def start(folder):
  """Starts `adapt run` in as many processes as codes are given."""
  zygote = forks.Zygote(folder)

  def started(out, codes, *flags, devices=1):
    pair = ["--source", "moons.npz", "--target", "turned.npz"]
    common = ["run", *pair, *FLAGS, *flags, "--out", out, "--processes", str(len(codes))]
    port = free_port()
    place = [
      ["--coordinator", f"127.0.0.1:{port}", "--process-id", str(i)] for i in range(len(codes))
    ]
    return [
      zygote.start([*common, *(own if len(codes) > 1 else [])], code, devices)
      for own, code in zip(place, codes, strict=True)
    ]

  yield started
  zygote.close()


# Those that need a network with batch-norm, unknown classes, several sources.
NORMED = [n for n in methods.names() if toy.needs(n).model == "normed"]
OPEN = [n for n in methods.names() if toy.task_of(n) == toy.OPEN]
SEVERAL = [n for n in methods.names() if toy.task_of(n) == toy.SEVERAL]
REST = [n for n in methods.names() if n not in (*NORMED, *OPEN, *SEVERAL)]
TASKS = {
  "vectors": (["moons"], "turned", REST),
  "several": (["moons", "tilted"], "turned", SEVERAL),
  "series": (["series"], "others", NORMED),
  "open": (["blobs"], "moved", OPEN),
}
# Critics of the default width amplify rounding beyond what is compared.
EXTRA = {
  "vectors": ["--width", "32", "--depth", "1", "--memory", "256"],
  "several": ["--width", "32", "--depth", "1"],
  "series": ["--model", "cnn1d"],
  "open": ["--classes", "4/0/4"],
}


def write_domains(folder):
  series = [
    d._replace(**{s: Split(np.repeat(x, 4, 1)[..., None], y) for s, x, y in splits(d)}, name=name)
    for d, name in ((toy.BLOBS, "series"), (toy.MOVED, "others"))
  ]
  for d in (toy.TILTED, toy.BLOBS, toy.MOVED, *series):
    toy.write(folder, d)


@pytest.mark.skipif(os.environ.get("ADAPT_PROCESSES") != "every", reason="a quarter of an hour")
@pytest.mark.parametrize("task", TASKS)
def test_every_method_has_the_numbers_of_one_on_two_and_four(folder, start, task):
  """The parameters after 20 steps, to 1e-5 of their length."""
  write_domains(folder)
  sources, target, names = TASKS[task]
  files = [f"{s}.npz" for s in sources]
  pair = ["--source", *files, "--target", f"{target}.npz", "--method", *names, *EXTRA[task]]
  own = ["--shots", "10", "--save-model", "--evaluations", "1", "--checkpoint-minutes", "5"]
  outs = {n: folder / f"{task}{n}" for n in (1, 2, 4)}
  for n, out in outs.items():
    ended = Ended(start(str(out), [forks.PLAIN] * n, *pair, *own), limit=1500)
    assert ended.codes == [0] * n, ended.errors
  apart = {}
  for file in sorted(outs[1].rglob("*.model.npz")):
    one, *others = (numbers(out / file.relative_to(outs[1])) for out in outs.values())
    far = max(np.linalg.norm(many - one) / np.linalg.norm(one) for many in others)
    apart[re.split("[-+.]", file.name)[0]] = far
  print({name: f"{far:.1e}" for name, far in apart.items()})
  assert sorted(apart) == sorted(names)
  assert all(far < toy.needs(name).amplified for name, far in apart.items()), apart


def test_every_method_is_on_one_of_these_tasks():
  assert sorted(n for *_, names in TASKS.values() for n in names) == sorted(methods.names())


def splits(d):
  return [(name, *getattr(d, name)) for name in ("train", "test")]


def numbers(file):
  """All that a model consists of, in a row."""
  with np.load(file) as arrays:
    return np.concatenate([a.ravel() for n, a in sorted(arrays.items()) if a.dtype.kind == "f"])


def record_of(folder, out):
  return json.loads(
    (folder / out / "run/moons_turned/coral-evaluations=4-steps=20.json").read_text()
  )


@pytest.fixture(scope="module")
def one(folder, start):
  """The record of one process."""
  ended = Ended(start("one", [forks.PLAIN]))
  assert ended.codes == [0], ended.errors
  return record_of(folder, "one")


def assert_close(ours, theirs, what=""):
  """That all their measured numbers agree to 1e-5."""
  for name in ("last", "curves", "selected", "oracle", "validators") if not what else ours:
    a, b = ours[name], theirs[name]
    if isinstance(a, dict):
      assert_close(a, b, f"{what}.{name}")
    elif a != b:
      np.testing.assert_allclose(
        np.array(a, float), np.array(b, float), rtol=1e-5, err_msg=f"{what}.{name}"
      )


@pytest.mark.holds("processes")
def test_four_processes_have_the_numbers_of_one(folder, start, one):
  ended = Ended(start("four", [forks.PLAIN] * 4))
  assert ended.codes == [0] * 4, ended.errors
  made = record_of(folder, "four")
  assert made["config"]["devices"] == 4
  assert_close(made, one)
  assert "coral" in ended.outputs[0] and not any("coral" in out for out in ended.outputs[1:])
  assert not list((folder / "four").rglob(".*"))


@pytest.mark.holds("processes")
def test_a_signal_to_one_and_the_death_of_one_cost_nothing(folder, start, one):
  """Two processes, each decoding its own half of the batches; in the end with two devices each."""

  def two(*codes, devices=1):
    return start("two", codes, "--feed", "stream", devices=devices)

  ended = Ended(two(forks.PLAIN, TOLD))
  assert ended.codes == [75, 75], ended.errors
  assert all("stopped (5 of 20 steps are saved)" in err for err in ended.errors), ended.errors

  step = random.randrange(11, 20)
  other, victim = two(forks.PLAIN, KILLED.replace("{step}", str(step)))
  ended = Ended([victim, other])
  assert ended.codes == [-signal.SIGKILL, 75], ended.errors
  assert ended.seconds[1] - ended.seconds[0] < HEARD
  assert "stopped (another process has ended" in ended.errors[1]
  assert not list((folder / "two").rglob("coral*.json"))

  ended = Ended(two(forks.PLAIN, forks.PLAIN, devices=2))
  assert ended.codes == [0, 0], ended.errors
  assert_close(record_of(folder, "two"), one)


@pytest.mark.holds("processes")
def test_processes_with_other_flags_are_refused_alike(folder, start):
  """Before, they trained a model that was neither's."""
  ended = Ended(start("unlike", [forks.PLAIN, OTHER]))
  assert ended.codes == [2, 2], ended.errors
  said = "error: process 1 has other flags than process 0 (--momentum 0.5 instead of 0.9)"
  assert all(said in error for error in ended.errors), ended.errors
  assert not list((folder / "unlike").rglob("*"))
