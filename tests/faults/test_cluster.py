"""A suite's grid over a Ray cluster of several nodes on this machine, one of which dies in the middle."""

import collections
import contextlib
import functools
import importlib.util
import json
import os
import pickle
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
import sample_records
import toy

from adapt import extras
from adapt.cli import main
from adapt.experiments import grid, ray_cluster
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task
from adapt.training.stopping import Stopped

ray = pytest.importorskip("ray")
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # no node can import it
SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "cluster.py"
SMALL = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
METHODS = ("source_only", "coral", "dann", "mcc")
LIMIT = 60  # seconds that anything may take
# Ray starts its processes by a fork that runs Python, and keeps their log files open.
pytestmark = [
  pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning"),
  pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def nodes():
  """A head that runs nothing, and a node for a cell at a time."""
  from ray.cluster_utils import Cluster

  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **SMALL})
  made.add_node(num_cpus=1, **SMALL)
  yield made
  made.shutdown()


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
  """Six tasks of the same moons."""
  folder = tmp_path_factory.mktemp("moons")
  toy.write_pair(folder)
  pair = (str(folder / "moons.npz"),), str(folder / "turned.npz")
  tasks = tuple(Task(f"moons_turned{i}", *pair) for i in range(6))
  return Suite("toy", tasks, toy.SETTINGS._replace(steps=4, evaluations=2), "moons, turned")


@pytest.fixture
def start(nodes, suite, tmp_path, monkeypatch):
  """Runs the script on the cluster, with a node's work as given; returns its exit code."""
  script = imported()
  monkeypatch.setattr(script, "suite_of", lambda name: {"toy": suite}[name])

  def started(*argv, work=ray_cluster.trained):
    monkeypatch.setattr(script.ray_cluster, "run", functools.partial(RUN, work=work))
    place = ["--out", str(tmp_path / "out"), "--address", nodes.address]
    return script.main(["toy", *argv, "--seeds", "1", "--devices", "1", *place])

  return started


RUN = ray_cluster.run


def imported():
  spec = importlib.util.spec_from_file_location("cluster_script", SCRIPT)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def method_of(cell):
  return pickle.loads(cell.experiment).method.name


def stub(suite, log, act=lambda cell, node: None):
  """What a node does instead of training: it notes the cell, acts, and sends a made-up record."""
  made_up = {m: sample_records.make("a_b", m, suite=suite.name, seeds=1) for m in METHODS}

  def work(cell):
    task, method = pickle.loads(cell.experiment).task.name, method_of(cell)
    node = ray.get_runtime_context().get_node_id()

    def note(what):
      with open(log, "a") as file:
        file.write(f"{what} {task}/{method} {node} {os.getpid()}\n")

    note("began")
    if made := act(cell, node):
      return made
    note("ended")
    content = json.dumps({**made_up[method], "task": task}).encode()
    return ray_cluster.Made(node, {method: {f"{method}.json": content}})

  return work


def noted(log, what):
  """(cell, node, process) of the lines that begin so."""
  lines = [line.split() for line in Path(log).read_text().splitlines()] if log.exists() else []
  return [tuple(rest) for first, *rest in lines if first == what]


def until(happened):
  deadline = time.monotonic() + LIMIT
  while not happened():
    assert time.monotonic() < deadline
    time.sleep(0.05)


def files(out):
  return sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file())


@pytest.mark.holds("cluster")
def test_cells_of_a_node_that_dies_run_elsewhere_and_none_is_there_twice(
  nodes, suite, start, tmp_path, capsys
):
  """24 cells on two nodes; the second ends its first cell and dies in its second."""
  doomed, log = nodes.add_node(num_cpus=1, **SMALL), tmp_path / "log"
  fate = doomed.node_id

  def begun():
    return [cell for cell, node, _ in noted(log, "began") if node == fate]

  def act(cell, node):
    if node != fate:
      until(lambda: len(begun()) > 1)  # it has two cells, however slowly it starts
    elif len(begun()) > 1:
      time.sleep(LIMIT)

  def kill():
    until(lambda: len(begun()) > 1)
    nodes.remove_node(doomed, allow_graceful=False)

  killer = threading.Thread(target=kill)
  killer.start()
  code = start(*METHODS, work=stub(suite, log, act))
  killer.join()
  assert code == 0
  ended = collections.Counter(cell for cell, *_ in noted(log, "ended"))
  assert len(ended) == 24 and set(ended.values()) == {1}
  assert files(tmp_path / "out") == sorted(
    f"toy/{t.name}/{m}.json" for t in suite.tasks for m in METHODS
  )
  assert capsys.readouterr().err.count(": done on ") == 24
  first, second = begun()
  assert [n for c, n, _ in noted(log, "ended") if c == first] == [fate]
  where = [n for c, n, _ in noted(log, "began") if c == second]
  assert where[0] == fate and len(where) == 2 and where[1] != fate


def test_records_are_those_of_one_process(suite, start, tmp_path, monkeypatch):
  """Of a method that starts from the source model, whose record comes with it."""
  monkeypatch.setenv("JAX_NUM_CPU_DEVICES", "8")  # as here, to the last bit
  flags = ["shot_im", "--task", "moons_turned0", "--save-model"]
  assert start(*flags) == 0
  alone = [*flags, "--seeds", "1", "--devices", "1", "--out", str(tmp_path / "alone")]
  assert main.benchmark(suite, alone) == 0
  there = files(tmp_path / "alone")
  assert files(tmp_path / "out") == there
  assert "toy/moons_turned0/source_only.json" in there
  for name in there:
    ours, theirs = (tmp_path / folder / name for folder in ("out", "alone"))
    if ours.suffix == ".json":
      a, b = json.loads(ours.read_text()), json.loads(theirs.read_text())
      assert a.pop("environment") == b.pop("environment")
      assert a["command"].startswith("python scripts/cluster.py toy shot_im --task")
      toy.assert_same_numbers(a, b)
      assert list(a) == list(b)
    elif not name.endswith(".model.npz"):  # which holds its date
      assert ours.read_bytes() == theirs.read_bytes()


def test_a_refused_cell_and_a_crashed_one_leave_the_others_and_are_run_again(
  suite, start, tmp_path, capsys
):
  log, trouble = tmp_path / "log", tmp_path / "trouble"
  flags = [*METHODS, "--task", "moons_turned0"]
  trained = ray_cluster.trained

  def act(cell, node):
    if method_of(cell) == "coral":  # as if this node had other data
      return trained(cell._replace(hashes={}))
    if method_of(cell) == "dann" and trouble.exists():
      raise TypeError("what nobody expects")
    times = collections.Counter(c.split("/")[1] for c, *_ in noted(log, "began"))
    if method_of(cell) == "mcc" and times["mcc"] == 1:
      raise Stopped("as if its node had been told to stop")

  trouble.touch()
  assert start(*flags, work=stub(suite, log, act)) == ray_cluster.CRASHED
  said = capsys.readouterr().err
  assert said.count("error: ") == 2
  assert "moons_turned0 dann: TypeError: what nobody expects" in said
  assert "the data here are others than where the cells are submitted" in said
  there = [f"toy/moons_turned0/{m}.json" for m in ("dann", "mcc", "source_only")]
  assert files(tmp_path / "out") == there[1:]
  again = collections.Counter(cell.split("/")[1] for cell, *_ in noted(log, "began"))
  assert again == {"source_only": 1, "coral": 1, "dann": 1, "mcc": 2}

  trouble.unlink()
  assert start("coral", "dann", *flags[4:], work=stub(suite, log, act)) == ray_cluster.REFUSED
  assert files(tmp_path / "out") == there


def test_nothing_is_submitted_where_all_is_done_and_other_settings_are_refused(
  suite, start, tmp_path, capsys
):
  log, flags = tmp_path / "log", ["mcc", "--task", "moons_turned1", "--sweep"]
  alone = [*flags, "weight=0.5", "--seeds", "1", "--devices", "1", "--out", str(tmp_path / "out")]
  assert main.benchmark(suite, alone) == 0
  capsys.readouterr()
  assert start(*flags, "weight=0.5", work=stub(suite, log)) == 0
  assert "moons_turned1 mcc-weight=0.5: done before" in capsys.readouterr().err
  made = tmp_path / "out/toy/moons_turned1/mcc-weight=0.5.json"
  before = made.read_bytes()
  other = json.loads(before)
  other["config"]["settings"]["lr"] = 0.5  # as if that had been the suite's then
  made.write_text(json.dumps(other))
  assert start(*flags, "weight=0.5", work=stub(suite, log)) == 2
  assert "was made with other settings (settings.lr: 0.5 → 0.1)" in capsys.readouterr().err
  assert not log.exists()
  made.write_bytes(before)
  assert start(*flags, "weight=0.5,2") == 0  # a cell that lacks one of its records makes that alone
  assert made.read_bytes() == before
  assert made.with_name("mcc-weight=2.0.json").exists()


def test_ctrl_c_ends_what_runs_and_keeps_what_is_done(suite, start, tmp_path, capsys):
  log, own = tmp_path / "log", os.getpid()
  kept = tmp_path / "out/toy/moons_turned0/source_only.json"

  def act(cell, node):
    if method_of(cell) == "coral":
      until(kept.exists)
      os.kill(own, signal.SIGINT)
      time.sleep(LIMIT)

  flags = ["source_only", "coral", "--task", "moons_turned0"]
  before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
  try:
    assert start(*flags, work=stub(suite, log, act)) == 75
  finally:
    signal.signal(signal.SIGINT, before)
  said = capsys.readouterr().err
  assert (
    "run the same command again: python scripts/cluster.py toy source_only coral --task" in said
  )
  assert files(tmp_path / "out") == ["toy/moons_turned0/source_only.json"]
  until(lambda: not any(Path(f"/proc/{p}").exists() for *_, p in noted(log, "began")))


@pytest.mark.parametrize(
  ("flags", "words"),
  [
    (["--address", "127.0.0.1:1"], "no Ray cluster answers at 127.0.0.1:1 (["),
    (["--wandb", "offline"], "--wandb has no meaning where each cell is a task of Ray's: leave"),
    (["--batch-tasks"], "a cluster's tasks are cells of their own: leave out --batch-tasks"),
    (["--cpus", "0"], "--cpus: 0 is not at least 1"),
  ],
)
def test_what_cannot_be_is_one_line(flags, words, suite, monkeypatch, tmp_path, capsys):
  script = imported()
  monkeypatch.setattr(script, "suite_of", lambda name: suite)
  try:
    code = script.main(["toy", "coral", "--out", str(tmp_path / "out"), *flags])
  except SystemExit as error:
    code = error.code
  said = capsys.readouterr().err
  assert code == 2 and said.count("\n") == 1 and words in said
  assert not (tmp_path / "out").exists()


def test_unknown_suites_and_a_missing_ray_are_one_line(suite, monkeypatch, capsys):
  script = imported()
  assert script.main(["amazon_svm", "all"]) == 2  # nothing is trained there
  said = capsys.readouterr().err
  assert (
    said.startswith("error: no suite 'amazon_svm' (did you mean amazon_") and "digits, " in said
  )
  assert ": give one of air, amazon_" in said
  monkeypatch.setattr(script, "suite_of", lambda name: suite)
  monkeypatch.setitem(sys.modules, "ray", None)
  assert script.main(["toy", "coral"]) == 2
  assert capsys.readouterr().err == f"error: a cluster needs Ray: {extras.install('cluster')}\n"


@pytest.mark.holds("alone")
def test_cells_of_another_grid_are_refused(tmp_path):
  """The lock that two single runs respect holds for cells that are trained elsewhere."""
  options = grid.Options(out=tmp_path)
  asked = [toy.experiment("dann", steps=4, evaluations=2, seeds=(0,))]

  def planned(held):
    plans = grid.checked(asked, toy.load, options)
    return ray_cluster._planned(plans, options, None, (), held)

  with contextlib.ExitStack() as first:
    _, _, [hold] = planned(first)
    with (
      contextlib.ExitStack() as second,
      pytest.raises(ValueError, match="another process trains"),
    ):
      planned(second)
    with pytest.raises(ValueError, match="another process trains"):
      run(asked[0], tmp_path, domains=toy.load)
    hold.release(False)
    assert not list(tmp_path.rglob("*.partial"))
    with contextlib.ExitStack() as second:
      planned(second)
