"""A suite's grid over a cluster with Ray: one task per cell, and every record in one folder.

A cell trains in a temporary folder of whichever node takes it and sends back what it has made. Only
the process that submits the cells writes to --out, so a record is never half there, nor there twice,
however often Ray starts a cell again because its node has died.
"""

import argparse
import contextlib
import functools
import json
import logging
import math
import os
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

from adapt import catalogue, compile_cache, data
from adapt.cli import command
from adapt.deploy import saved
from adapt.experiments import grid
from adapt.experiments.experiment import Request
from adapt.experiments.plan import planned
from adapt.experiments.run import run as run_request
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.training import devices as parallel
from adapt.training.stopping import Stopped

CRASHED, REFUSED = 1, 2  # exit codes
_AGAIN = 3  # times that Ray starts a cell again whose process or node dies
_ANSWER = 10  # seconds that a cluster has to answer
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

  request: Request  # laid out for one device
  devices: int  # as asked for; 0 means all that the node lets it have
  data_dir: str | None
  methods_path: str | None
  hashes: dict[str, str]  # of the data, where the cells are submitted
  wanted: frozenset[str]  # labels of the records to make
  known: dict[str, bytes]  # the request's other records, by label


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
    if cell.methods_path:
      catalogue.add_folder("adapt.methods", cell.methods_path)
    with tempfile.TemporaryDirectory(prefix="adapt-cell-") as folder:
      return Made(node, _trained(cell, Path(folder)))
  except (ValueError, OSError) as error:
    return Made(node, {}, command.one_line(error))


def run(
  suite: Suite,
  tasks: Sequence[Task],
  names: Sequence[str],
  arguments: argparse.Namespace,
  needs: Needs,
  as_from: str,
  work: Work = trained,
) -> int:
  """Runs every method on every task, each on a node of the cluster, and prints the table.

  Args:
    suite: of the tasks.
    tasks: to run.
    names: of the methods.
    arguments: the flags of a benchmark.
    needs: the cluster, and what a cell takes of it.
    as_from: the command that this is, for the records.
    work: what a node does with a cell.

  Returns:
    The exit code: 0; 1 if a cell crashed, else 2 if a node refused one, else 3 if a seed diverged.

  Raises:
    ValueError: bad input, or no such cluster; before anything is trained.
  """
  with _connected(needs) as ray:  # first, because starting Ray forks, and JAX has threads
    cells, files = _planned(suite, tasks, names, arguments)
    codes = {0}
    for i, (cell, made, crash) in enumerate(_answers(ray, cells, work, needs), 1):
      name = f"[{i}/{len(cells)}] {cell.request.task.name} {cell.request.method}"
      if wrong := crash or made.refused:
        codes.add(CRASHED if crash else REFUSED)
        print(f"error: {name}: {wrong}", file=sys.stderr)
      else:
        _keep(cell, made, arguments.out, files, as_from)
        _say(f"{name}: done on {made.node}")
  codes.add(grid.shown([record.read(f) for f in files if f.exists()]))
  return next(c for c in (CRASHED, REFUSED, grid.DIVERGED, 0) if c in codes)


def _planned(
  suite: Suite, tasks: Sequence[Task], names: Sequence[str], arguments: argparse.Namespace
) -> tuple[list[Cell], list[Path]]:
  """The cells that are to be run, and the records that there are then; refuses as `grid.run` does."""
  if arguments.batch_tasks:
    raise ValueError("a cluster's tasks are cells of their own: leave out --batch-tasks")
  domains = functools.cache(lambda name: data.load(name, arguments.data_dir))
  # A node's processes stand elsewhere.
  prepared, own = (
    p and str(Path(p).resolve()) for p in (arguments.data_dir, arguments.methods_path)
  )
  # What devices there are, the nodes know.
  alone = argparse.Namespace(**{**vars(arguments), "devices": 1})
  cells: list[Cell] = []
  files: list[Path] = []
  for request, plan in grid.checked(suite, tasks, names, alone, domains):
    there = {p.label: _file(request, p.label, arguments.out) for p in plan.points}
    files += there.values()
    wanted = frozenset(p.label for p in plan.missing)
    if not wanted:
      _say(f"{request.task.name} {plan.points[0].label}: done before")
      continue
    known = {
      label: f.read_bytes() for label, f in there.items() if plan.there or label not in wanted
    }
    hashes = plan.material.hashes
    cells.append(Cell(request, arguments.devices, prepared, own, hashes, wanted, known))
  return cells, list(dict.fromkeys(files))


def _trained(cell: Cell, out: Path) -> dict[str, dict[str, bytes]]:
  kind, batch_size = cell.request.layout.kind, cell.request.settings.batch_size
  request = cell.request._replace(layout=parallel.layout(kind, cell.devices, batch_size))
  domains = functools.partial(_domain, data_dir=cell.data_dir)
  for label, content in cell.known.items():
    record.replace(_file(request, label, out), content)
  if planned(request, out, False, domains).material.hashes != cell.hashes:
    raise ValueError("the data here are others than where the cells are submitted: copy them")
  run_request(request, out, domains=domains, minutes=math.inf)
  files: dict[str, dict[str, bytes]] = {}
  for made in sorted(_file(request, "", out).parent.glob("[!.]*.json")):
    if made.stem in cell.wanted or made.stem not in cell.known:
      models = [saved.path(made, seed) for seed in request.seeds]
      each = [p for p in (made.with_name(f"{made.stem}.npz"), *models) if p.exists()]
      files[made.stem] = {p.name: p.read_bytes() for p in (*each, made)}
  return files


@functools.cache
def _domain(name: str, data_dir: str | None) -> data.Domain:
  """A node's processes live as long as there are cells for them."""
  return data.load(name, data_dir)


def _file(request: Request, label: str, out: str | Path) -> Path:
  return record.path(out, request.suite.name, request.task.name, label)


def _keep(cell: Cell, made: Made, out: str, asked: Collection[Path], as_from: str) -> None:
  """Writes what a cell has made, as if it had been made here."""
  for label, files in made.files.items():
    file = _file(cell.request, label, out)
    # A source model trained on the way leaves its record too, unless that has a cell of its own.
    if label not in cell.wanted and (file in asked or file.exists()):
      continue
    for name, content in files.items():
      if name != file.name:
        record.replace(file.with_name(name), content)
    record.write(file, json.loads(files[file.name]) | {"command": as_from})


def _answers(
  ray: Any, cells: Sequence[Cell], work: Work, needs: Needs
) -> Iterator[tuple[Cell, Made, str]]:
  """Every cell with what its node answers, or with why none could, as they come."""
  task = ray.remote(
    num_cpus=needs.cpus,
    num_gpus=needs.gpus,
    resources={"TPU": needs.tpus} if needs.tpus else None,
    max_calls=1 if needs.gpus or needs.tpus else 0,  # a process keeps its accelerator till it ends
    max_retries=_AGAIN,
    retry_exceptions=[Stopped],  # a node that is shut down tells its cells first
  )(work)
  waiting = {task.remote(cell): cell for cell in cells}
  while waiting:
    (answer,), _ = ray.wait(list(waiting))
    cell, made, crash = waiting.pop(answer), Made("", {}), ""
    try:
      made = ray.get(answer)
    except ray.exceptions.RayError as error:
      cause = getattr(error, "cause", error)
      crash = command.one_line(f"{type(cause).__name__}: {cause}")
    yield cell, made, crash


@contextlib.contextmanager
def _connected(needs: Needs) -> Iterator[Any]:
  """The module ray, connected; what still runs at the end is ended.

  Raises:
    ValueError: Ray is not installed, there is no such cluster, or no machine for a cell.
  """
  try:
    import ray
  except ImportError as error:
    raise ValueError("a cluster needs Ray: pip install 'adapt-jax[cluster]'") from error
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
      f"no Ray cluster answers at {needs.address} ({command.one_line(error)}): start one with ray "
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
