"""A suite's grid over a Ray cluster; all records in one folder.

A cell trains in a temporary folder of whichever node takes it and sends back what it has made. Only
the process that submits the cells writes to --out, so a record is never half there, nor there twice,
however often Ray starts a cell again because its node has died.
"""

import contextlib
import functools
import json
import logging
import math
import os
import pickle
import platform
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from adapt import catalogue, compile_cache, data, extras
from adapt.data import atomic_files
from adapt.deploy import saved
from adapt.experiments import grid
from adapt.experiments.experiment import Experiment
from adapt.experiments.place import Place
from adapt.experiments.plan import Domains, Plan, file_of, plan
from adapt.experiments.reporter import one_line
from adapt.experiments.run import run as run_experiment
from adapt.records import record
from adapt.training import devices
from adapt.training.checkpoint import Checkpoints
from adapt.training.stopping import Stopped

CRASHED, REFUSED = 1, 2  # exit codes
_AGAIN, _ANSWER = 3, 10  # times that a cell is started again; seconds that a cluster has to answer
# What data and numbers depend on, as set where the cells are submitted: names, and how names begin.
_ENVIRONMENT = ("TFDS_DATA_DIR", "XDG_CACHE_HOME")
_OURS = ("JAX_", "XLA_")


class Needs(NamedTuple):
  """Where the cells run, and what each takes of its node."""

  address: str = "local"  # of a cluster, as Ray has it; local: starts one on this machine
  cpus: int = 1
  gpus: int = 0
  tpus: int = 0  # chips


class Cell(NamedTuple):
  """What a node is told."""

  experiment: Any  # laid out for one device; pickled on its way to the node
  devices: int  # as asked for; 0 means all that the node lets it have
  data_dir: str | None
  plugins: tuple[str, ...]  # folders of the user's own entries
  hashes: dict[str, str]  # of the data, where the cells are submitted
  wanted: frozenset[str]  # labels of the records to make
  known: dict[str, bytes]  # the experiment's other records, by label


class Made(NamedTuple):
  """What a node answers."""

  node: str
  files: dict[str, dict[str, bytes]]  # label → name → content
  refused: str = ""  # why there are none


Work = Callable[[Cell], Made]


def trained(cell: Cell) -> Made:
  """Runs a cell on this node."""
  node = platform.node()
  compile_cache.keep()
  try:
    for folder in cell.plugins:
      catalogue.plugins(folder)
    own = cell._replace(experiment=pickle.loads(cell.experiment))  # its entries are known now
    with tempfile.TemporaryDirectory(prefix="adapt-cell-") as folder:
      return Made(node, _trained(own, Path(folder)))
  except (ValueError, OSError) as error:
    return Made(node, {}, one_line(error))


def run(
  experiments: Sequence[Experiment],
  domains: Domains,
  options: grid.Options,
  needs: Needs,
  as_from: str,
  *,
  data_dir: str | None = None,
  plugins: Sequence[str] = (),
  work: Work = trained,
) -> tuple[int, list[dict[str, Any]]]:
  """Runs every experiment, each on a node of the cluster.

  Args:
    experiments: laid out for one device: what devices there are, the nodes know.
    domains: loads a domain by name, here.
    options: where records go; `devices` are each node's.
    needs: the cluster, and what a cell takes of it.
    as_from: the command that this is, for the records.
    data_dir: where prepared sets lie, on each node.
    plugins: folders of the user's own entries, on each node.
    work: what a node does with a cell.

  Returns:
    1 if a cell crashed, else 2 if a node refused one, else 0; and the records that are there.

  Raises:
    ValueError: bad input, or no such cluster; before anything is trained.
  """
  codes = {0}
  # Ray first, because starting it forks, and JAX has threads.
  with _connected(needs) as ray, contextlib.ExitStack() as held:
    plans = grid.checked(experiments, domains, options)
    cells, files, holds = _planned(plans, options, data_dir, plugins, held)
    for i, (place, made, crash) in enumerate(_answers(ray, cells, work, needs), 1):
      cell = cells[place]
      name = f"[{i}/{len(cells)}] {cell.experiment.task.name} {cell.experiment.method.name}"
      if wrong := crash or made.refused:
        codes.add(CRASHED if crash else REFUSED)
        print(f"error: {name}: {wrong}", file=sys.stderr)
      else:
        _keep(cell, made, options.out, files, as_from)
        _say(f"{name}: done on {made.node}")
      holds[place].release(not wrong)
  code = next(c for c in (CRASHED, REFUSED, 0) if c in codes)
  return code, [record.read(f) for f in files if f.exists()]


def _planned(
  plans: Iterator[Plan],
  options: grid.Options,
  data_dir: str | None,
  plugins: Sequence[str],
  held: contextlib.ExitStack,
) -> tuple[list[Cell], list[Path], list[Checkpoints]]:
  """The cells to run, held, and the records that there are then; refuses as a grid does."""
  prepared = data_dir and str(Path(data_dir).resolve())  # a node's processes stand elsewhere
  own = tuple(str(Path(folder).resolve()) for folder in plugins)
  cells, files, holds = list[Cell](), list[Path](), list[Checkpoints]()
  for one in plans:
    experiment = one.experiment
    there = {p.label: file_of(experiment, p, options.out) for p in one.points}
    files += there.values()
    wanted = frozenset(p.label for p in one.missing)
    if not wanted:
      _say(f"{experiment.task.name} {one.points[0].label}: done before")
      continue
    holds.append(Place(options.out, math.inf, options.force).hold(one))
    held.callback(holds[-1].release, False)
    added_to = bool(one.existing_seeds)
    known = {n: f.read_bytes() for n, f in there.items() if added_to or n not in wanted}
    hashes = one.data.hashes
    cells.append(Cell(experiment, options.devices, prepared, own, hashes, wanted, known))
  return cells, list(dict.fromkeys(files)), holds


def _trained(cell: Cell, out: Path) -> dict[str, dict[str, bytes]]:
  asked = cell.experiment
  kind, batch_size = asked.layout.kind, asked.settings.batch_size
  experiment = asked._replace(layout=devices.layout(kind, cell.devices, batch_size))
  domains = functools.partial(_domain, data_dir=cell.data_dir)
  for label, content in cell.known.items():
    atomic_files.replace(_file(experiment, label, out), content)
  if plan(experiment, out, False, domains).data.hashes != cell.hashes:
    raise ValueError("the data here are others than where the cells are submitted: copy them")
  run_experiment(experiment, out, domains=domains, minutes=math.inf)
  files: dict[str, dict[str, bytes]] = {}
  for made in sorted(_file(experiment, "", out).parent.glob("[!.]*.json")):
    if made.stem in cell.wanted or made.stem not in cell.known:
      models = [saved.path(made, seed) for seed in experiment.seeds]
      each = [p for p in (made.with_name(f"{made.stem}.npz"), *models) if p.exists()]
      files[made.stem] = {p.name: p.read_bytes() for p in (*each, made)}
  return files


@functools.cache
def _domain(name: str, data_dir: str | None) -> data.Domain:
  """A node's processes live as long as there are cells for them."""
  return data.load(name, data_dir)


def _file(experiment: Experiment, label: str, out: str | Path) -> Path:
  return record.path(out, experiment.suite.name, experiment.task.name, label)


def _keep(cell: Cell, made: Made, out: str | Path, asked: Collection[Path], as_from: str) -> None:
  """Writes what a cell has made, as if it had been made here."""
  for label, files in made.files.items():
    file = _file(cell.experiment, label, out)
    # A source model trained on the way leaves its record too, unless that has a cell of its own.
    if label not in cell.wanted and (file in asked or file.exists()):
      continue
    file.unlink(missing_ok=True)  # the old record lies beside no new points
    for name, content in files.items():
      if name != file.name:
        atomic_files.replace(file.with_name(name), content, name.endswith(saved.SUFFIX))
    atomic_files.write_json(file, json.loads(files[file.name]) | {"command": as_from})


def _answers(
  ray: Any, cells: Sequence[Cell], work: Work, needs: Needs
) -> Iterator[tuple[int, Made, str]]:
  """Every cell's place with its node's answer, or with why there is none, as they come."""
  task = ray.remote(
    num_cpus=needs.cpus,
    num_gpus=needs.gpus,
    resources={"TPU": needs.tpus} if needs.tpus else None,
    max_calls=1 if needs.gpus or needs.tpus else 0,  # a process keeps its accelerator till it ends
    max_retries=_AGAIN,
    retry_exceptions=[Stopped],  # a node that is shut down tells its cells first
  )(work)
  waiting = {}
  for place, cell in enumerate(cells):
    sent = cell._replace(experiment=ray.cloudpickle.dumps(cell.experiment))
    waiting[task.remote(sent)] = place
  while waiting:
    (answer,), _ = ray.wait(list(waiting))
    place, made, crash = waiting.pop(answer), Made("", {}), ""
    try:
      made = ray.get(answer)
    except ray.exceptions.RayError as error:
      cause = getattr(error, "cause", error)
      crash = one_line(f"{type(cause).__name__}: {cause}")
    yield place, made, crash


@contextlib.contextmanager
def _connected(needs: Needs) -> Iterator[Any]:
  """The module ray, connected; what still runs at the end is ended.

  Raises:
    ValueError: Ray is not installed, there is no such cluster, or no machine for a cell.
  """
  try:
    import ray
  except ImportError as error:
    raise ValueError(f"a cluster needs Ray: {extras.install('cluster')}") from error
  local, told = needs.address == "local", signal.getsignal(signal.SIGTERM)
  passed_on = {k: v for k, v in os.environ.items() if k.startswith(_OURS) or k in _ENVIRONMENT}
  options: dict[str, Any] = {"include_dashboard": False} if local else {}
  if local:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would tell its makers
  try:
    _reach(needs.address)
    ray.init(
      needs.address,
      log_to_driver=False,
      logging_level=logging.ERROR,
      runtime_env={"env_vars": passed_on},
      **options,
    )
  except OSError as error:
    raise ValueError(
      f"no Ray cluster answers at {needs.address} ({one_line(error)}): start one with ray "
      "start --head, or leave out --address"
    ) from error
  try:
    if threading.current_thread() is threading.main_thread():
      signal.signal(signal.SIGTERM, told)  # Ray has set its own
    _fit(ray.nodes(), needs)
    yield ray
  finally:
    ray.shutdown()


def _reach(address: str) -> None:
  """Raises OSError where nothing listens: Ray itself would try for minutes."""
  host, colon, port = address.removeprefix("ray://").rpartition(":")
  if colon and port.isdecimal():
    socket.create_connection((host, int(port)), _ANSWER).close()


def _fit(nodes: Sequence[Any], needs: Needs) -> None:
  """Says, or locally raises ValueError, that no node has what a cell takes."""
  wanted = {"CPU": needs.cpus, "GPU": needs.gpus, "TPU": needs.tpus}
  there = [n["Resources"] for n in nodes if n["Alive"]]
  if any(all(n.get(k, 0) >= v for k, v in wanted.items()) for n in there):
    return
  text = f"no node has {', '.join(f'{v} {k}' for k, v in wanted.items() if v)} for a cell"
  if needs.address == "local":
    raise ValueError(f"{text}: lower --cpus, --gpus or --tpus")
  _say(f"warning: {text}: they wait until one joins")


def _say(text: str) -> None:
  Console(stderr=True).print(Text(text))
