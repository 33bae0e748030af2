"""A suite's grid over a Ray cluster: python scripts/cluster.py SUITE METHOD… [--address auto].

Takes the flags of `python -m benchmarks.SUITE`. Every node has the package, the data and the folder of
--plugins where this machine has them; --out is here alone. An interrupted cell starts over.
"""

import argparse
import functools
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import jax

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from adapt import catalogue, cli, data
from adapt.cli import flag_types, plugins, run
from adapt.cli.command import Parser, guarded
from adapt.experiments import ray_cluster, suites
from adapt.experiments.suite import Suite
from adapt.training import stopping
from adapt.training.bounds import Bounds


def suite_of(name: str) -> Suite:
  """The suite of that name; ValueError if it has none whose methods are trained."""
  if name not in suites.names():
    near, every = catalogue.meant(name, suites.names()), ", ".join(suites.names())
    raise ValueError(f"no suite '{name}'{near}: give one of {every}, then its methods")
  return suites.get(name)


def main(arguments: Sequence[str] | None = None) -> int:
  """Runs the command line; returns the exit code."""
  argv = list(sys.argv[1:] if arguments is None else arguments)
  started = shlex.join(["python", "scripts/cluster.py", *argv])

  def work() -> int:
    try:
      return _run(argv, started)
    except KeyboardInterrupt:
      kept = "what is finished is kept; to go on, run the same command again"
      print(f"stopped: {kept}: {started}", file=sys.stderr)
      return stopping.CODE

  return guarded(work)


def _run(argv: list[str], started: str) -> int:
  plugins.use(argv)
  suite = suite_of("".join(argv[:1]))
  parser = Parser(prog=f"python scripts/cluster.py {suite.name}", description=suite.protocol)
  group, none = (
    parser.add_argument_group("cluster"),
    functools.partial(flag_types.integer, within=Bounds(0, 4096)),
  )
  group.add_argument(
    "--address",
    default="local",
    help="of a cluster: auto (the one that this machine is of), HOST:PORT or ray://HOST:PORT; "
    "local starts Ray on this machine",
  )
  group.add_argument(
    "--cpus",
    type=functools.partial(flag_types.integer, within=Bounds(1, 4096)),
    default=1,
    help="CPUs that a cell takes",
  )
  group.add_argument("--gpus", type=none, default=0, help="GPUs that a cell takes")
  group.add_argument("--tpus", type=none, default=0, help="TPU chips that a cell takes")
  tasks, names, flags = cli.parsed(parser, suite, argv[1:])
  _refuse_alone(flags, parser)
  needs = ray_cluster.Needs(flags.address, flags.cpus, flags.gpus, flags.tpus)
  jax.config.update("jax_platforms", "cpu")  # accelerators are the cells'
  alone = argparse.Namespace(**{**vars(flags), "devices": 1})

  def domain(name: str) -> data.Domain:
    return data.load(name, flags.data_dir)

  code, records = ray_cluster.run(
    run.experiments_of(suite, tasks, names, alone),
    functools.cache(domain),
    run.options_of(flags),
    needs,
    started,
    data_dir=flags.data_dir,
    plugins=flags.plugins,
  )
  return code or run.show(records)


def _refuse_alone(flags: argparse.Namespace, parser: Parser) -> None:
  """Raises ValueError for flags of a run that one process watches, or several share."""
  if flags.batch_tasks:
    raise ValueError("a cluster's tasks are cells of their own: leave out --batch-tasks")
  running = "coordinator processes process_id wandb show_target checkpoint_minutes"
  for name in running.split():
    if getattr(flags, name) != parser.get_default(name):
      flag = f"--{name.replace('_', '-')}"
      raise ValueError(f"{flag} has no meaning where each cell is a task of Ray's: leave it out")


if __name__ == "__main__":
  sys.exit(main())
