"""Flags from signatures and their docstrings."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from adapt import catalogue, methods, outputs, tuning, validators, weights
from adapt.cli import distributed, flag_types, plugins
from adapt.cli.command import Parser
from adapt.data import label_sets
from adapt.evaluation import decision
from adapt.experiments import generalisation, own_defaults
from adapt.experiments.suite import LEAVE_ONE_OUT, Suite, Task
from adapt.method import Method
from adapt.training import optimizers
from adapt.training.settings import Settings


def with_classes(task: Task, text: str) -> Task:
  """Apply the class sets of --classes to a task, if given."""
  return task._replace(classes=label_sets.parsed(text) or task.classes)


def expand(chosen: Sequence[str], shots: int, tasks: Sequence[Task] = ()) -> list[str]:
  names = list(dict.fromkeys(chosen))
  if "all" in chosen:
    kinds = {n: methods.traits(n) for n in methods.names()}
    names = [n for n, kind in kinds.items() if _possible(kind, shots, tasks)]
  # The source model comes first: what starts from it then finds it trained.
  return sorted(names, key=lambda n: n != "source_only")


def _possible(method: Method, shots: int, tasks: Sequence[Task]) -> bool:
  """Return whether the method can run on all of these tasks."""
  few = bool(shots) or "labelled" not in method.reads
  few = few and generalisation.possible(method, tasks)
  return few and all(t.relation in method.serves and len(t.source) >= method.sources for t in tasks)


def parse(
  parser: Parser,
  defaults: Settings,
  argv: list[str],
  chosen: Callable[[argparse.Namespace], Sequence[str]],
  suite: Suite | None,
) -> argparse.Namespace:
  """Parse twice: the choices determine the further flags."""
  add_general(parser, defaults)
  asked_help = [a for a in argv if a in ("-h", "--help")]
  known, _ = parser.parse_known_args([a for a in argv if a not in asked_help] or ["source_only"])
  names = [n for n in chosen(known) if n in methods.names()]  # values of flags not known yet
  for name in names:
    overridden = suite.defaults.get(name, {}) if suite else own_defaults.in_words(name)
    _add_parameters(parser, f"method {name}", methods.get(name), "", overridden)
  for kind, package, name in (
    ("weights", weights, known.weights),
    ("tuning", tuning, known.tuning),
    ("optimizer", optimizers, known.optimizer),
    ("output", outputs, output(known, suite)),
  ):
    if name:
      _add_parameters(parser, f"{kind} {name}", package.get(name), f"{kind}-", {})
  return _explicit(parser, defaults, argv)


def _explicit(parser: Parser, defaults: Settings, argv: list[str]) -> argparse.Namespace:
  """Parses, and keeps apart as `settings` which training settings were given.

  By a recipe those that were not are no suite's.
  """
  parsed = parser.parse_args(argv, argparse.Namespace(**dict.fromkeys(Settings._fields)))
  own = {n: getattr(parsed, n) for n in Settings._fields}
  parsed.settings = {n: v for n, v in own.items() if v is not None}
  for name, value in defaults._asdict().items():
    setattr(parsed, name, parsed.settings.get(name, value))
  return parsed


def output(known: argparse.Namespace, suite: Suite | None) -> str:
  """What is predicted: what is asked for, or what the suite says."""
  usual = suite.output if suite else "classes"
  asked: str = vars(known).get("reading.output", usual)
  return asked


def add_general(parser: Parser, defaults: Settings) -> None:
  """Adds the flags of every training, whatever is chosen."""
  _add_running(parser.add_argument_group("running"))
  _add_choices(parser.add_argument_group("choosing"))
  _add_machine(parser.add_argument_group("machines"))
  _add_settings(parser.add_argument_group("training"), defaults)


def _add_running(group: Any) -> None:
  group.add_argument(
    "--seeds", type=flag_types.seeds, default=3, help="runs 0 … SEEDS-1, where missing"
  )
  group.add_argument("--out", default="runs", help="folder of records")
  group.add_argument("--force", action="store_true", help="run again what is there")
  group.add_argument("--save-model", action="store_true", help="keep each seed's trained model")
  group.add_argument(
    "--checkpoint-minutes",
    type=flag_types.minutes,
    default=5.0,
    metavar="M",
    help="a run is saved at the first evaluation after so many minutes; 0: at each evaluation",
  )
  group.add_argument(
    "--wandb", default="off", choices=("online", "offline", "off"), help="tracking"
  )
  group.add_argument(
    "--show-target", action="store_true", help="show target test accuracy while training, too"
  )
  group.add_argument(
    "--measure",
    type=flag_types.measure,
    metavar="NAME",
    help=f"what the table shows: {', '.join(outputs.MEASURES)} (default: the main measure)",
  )
  plugins.add(group)
  group.add_argument("--data-dir", metavar="FOLDER", help="where prepared data sets lie")


def _add_choices(group: Any) -> None:
  group.add_argument("--weights", metavar="NAME", help=f"weighting: {', '.join(weights.names())}")
  group.add_argument("--tuning", metavar="NAME", default="full", help=", ".join(tuning.names()))
  group.add_argument(
    "--classes",
    default="",
    metavar="SHARED/SOURCE/TARGET",
    help="how many classes both sides have, the source alone and the target alone, in the order "
    "of the data's class list, e.g. 10/5/50; those of the target alone are one unknown class",
  )
  add_protocol(group)
  group.add_argument(
    "--start", metavar="FROM", help="scratch or source (default: the method's own)"
  )
  group.add_argument(
    "--sweep",
    action="append",
    default=[],
    metavar="NAME=A,B,…",
    help="values of a float hyper-parameter or lr, in one program; repeat for a grid",
  )
  group.add_argument(
    "--search",
    type=flag_types.points,
    default=0,
    metavar="N",
    help="best of N points; costs N × steps",
  )
  group.add_argument(
    "--sampler", default="random", choices=("random", "tpe", "grid"), help="grid: best of --sweep"
  )
  group.add_argument(
    "--null", action="store_true", help="null control: the adaptation term's weight at 0"
  )
  group.add_argument(
    "--validator",
    metavar="NAME",
    help=f"label-free; reverse and leave_one_domain_out train again (default: {validators.DEFAULT}, of "
    "values source_loss, with an unseen target source_accuracy)",
  )
  group.add_argument(
    "--decision",
    metavar="RULE",
    default=decision.ARGMAX,
    help="how one of two classes is predicted: argmax, balanced or f1 (the threshold that is best on "
    "held-out source examples), or the second's least probability, e.g. 0.3 (default: argmax)",
  )
  group.add_argument(
    "--dp", default="", metavar="noise=A,clip=B", help="private training (DP-SGD); also delta=C"
  )


def add_protocol(group: Any) -> None:
  """Adds the flag that says whether the target is seen in training."""
  group.add_argument(
    "--protocol",
    choices=(LEAVE_ONE_OUT,),
    help="all domains but one train, with labels, and the last is never seen: domain generalisation",
  )


def _add_machine(group: Any) -> None:
  distributed.add_flags(group)
  group.add_argument("--parallel", default="auto", help="auto, seeds, sharding or pmap")
  group.add_argument(
    "--devices", type=flag_types.integer, default=0, help="devices to use; 0 means all"
  )
  group.add_argument(
    "--feed", default="auto", help="device (inputs as they are), stream (decoded by batch) or auto"
  )
  group.add_argument(
    "--workers",
    type=flag_types.workers,
    default=0,
    help="decoding processes of a stream; 0: threads",
  )


def _add_settings(group: Any, defaults: Settings) -> None:
  meanings = catalogue.meanings(Settings)
  for name, default in defaults._asdict().items():
    flag = "--" + name.replace("_", "-")
    if isinstance(default, bool):
      group.add_argument(
        flag, action=argparse.BooleanOptionalAction, default=default, help=meanings[name]
      )
      continue
    kind = flag_types.setting(name, type(default))
    group.add_argument(flag, type=kind, default=default, help=meanings[name])


def _add_parameters(
  parser: Parser, title: str, factory: Callable[..., Any], prefix: str, overridden: Any
) -> None:
  """Add flags for a factory's keyword arguments.

  Given ones alone end up in the namespace.
  """
  group = parser.add_argument_group(title, catalogue.summary(factory))
  for p in catalogue.parameters(factory):
    flag = "--" + prefix + p.name.replace("_", "-")
    also = ("--loss",) if flag == "--output-loss" else ()
    dest = f"{prefix.replace('-', '.') or 'method.'}{p.name}"
    if there := parser._option_string_actions.get(flag):
      if there.dest != dest or (p.kind is not bool and there.type is not flag_types.of(p.kind)):
        raise ValueError(f"'{p.name}' of {title} clashes with another {flag}: rename it")
      continue  # another of the chosen methods has it too
    shown = overridden.get(p.name, p.default)
    text = f"{p.meaning} (default: {shown})".replace("%", "%%")
    options: dict[str, Any] = {"default": argparse.SUPPRESS, "help": text}
    options["dest"] = dest
    if p.kind is bool:
      group.add_argument(flag, action=argparse.BooleanOptionalAction, **options)
    else:
      group.add_argument(flag, *also, type=flag_types.of(p.kind), metavar="…", **options)
