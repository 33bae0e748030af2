"""The part of a method's contract that needs training, on toy domains."""

import contextlib
import functools
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from adapt import methods, models
from adapt.catalogue import Bound, parameters
from adapt.data.domain import Domain, Split
from adapt.deploy import saved
from adapt.deploy.rebuilt import Own
from adapt.experiments import contract_ground, execute, own_defaults
from adapt.experiments.contract_ground import Ground
from adapt.experiments.experiment import Experiment
from adapt.experiments.place import Place
from adapt.experiments.plan import Domains, file_of, plan
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.suite import Suite
from adapt.method import Method, Net
from adapt.training import program
from adapt.training.devices import Layout
from adapt.training.loop import Report, Trained
from adapt.training.setup import traits

DEVICES = 8  # faked on a CPU
STEPS, EARLY = 20, 3  # of short runs; rounding grows with the steps
# How far apart layouts may be: in parameters' length after STEPS, or in the first EARLY losses.
CLOSE, CLOSE_EARLY = 1e-5, 1e-4
BEHIND, NULL = 0.02, 0.05  # of accuracy: behind source_only at most; null control from it at most


class Failed(Exception):
  """The method breaks its contract; the message says how to mend it."""


class Skipped(Exception):
  """The check has no meaning for this method; says why."""


class Subject(NamedTuple):
  """The method that is checked, and what it is checked on."""

  method: Bound
  traits: Method
  experiment: Experiment
  folder: Path  # of records; one run is read by several checks
  ground: Ground

  @property
  def labelled(self) -> list[str]:
    """What target labels it declares to read."""
    return [r for r in self.traits.reads if r in ("labelled", "all_labelled")]

  @property
  def net(self) -> Net:
    """The network of its runs."""
    net: Net = self.experiment.model.factory(self.ground.heads)
    kind = "image" if self.ground.kind == "pixels" else net.kind
    return net._replace(output=self.experiment.output(), kind=kind)

  def made(self) -> Method:
    """The method with that network."""
    made: Method = self.method.factory(self.net, **self.experiment.points[0].hyperparameters)
    return made


def subject(
  method: Bound, lr: float | None, model: str | None, folder: Path, output: str = "classes"
) -> Subject:
  """What is checked: the method on a toy task that it serves.

  Raises:
    ValueError: its function makes no method, or one that does not serve the output.
  """
  kind = traits(method, method.arguments)
  ground = contract_ground.of(output, kind)
  settings, net = ground.settings, models.bind(model or ground.model)
  settings = settings._replace(lr=settings.lr if lr is None else lr, model=net.name)
  domains = [ground.load(name) for name in (*ground.task.source, ground.task.target)]
  usual = own_defaults.hyperparameters(domains, net.name)
  suite = Suite("check", (ground.task,), settings, "toy domains", defaults=usual)
  asked = resolve(suite, ground.task, method, settings, (0, 1), model=net, output=ground.output)
  return Subject(method, kind, asked, folder, ground)


def _short(
  subject: Subject,
  domains: Domains,
  folder: Path,
  report: Report = lambda *_: None,
  minutes: float = math.inf,
  evaluations: int = 4,
  **changes: Any,
) -> Trained:
  """A run of a few steps, of one seed."""
  settings = subject.experiment.settings._replace(steps=STEPS, evaluations=evaluations)
  asked = subject.experiment._replace(settings=settings, seeds=(0,), **changes)
  todo = plan(asked, folder, False, domains)
  with execute.training([todo], Place(folder, minutes), report) as ([trained], _):
    return trained


def _parameters(trained: Trained) -> np.ndarray:
  leaves = jax.tree.leaves(jax.device_get(trained.mapped.ts.params))
  return np.concatenate([np.ravel(leaf) for leaf in leaves])


def _other_labels(subject: Subject) -> str:
  """Target labels that are all different change nothing."""
  if subject.labelled:
    raise Skipped(f"declares that it reads {' and '.join(subject.labelled)} target examples")
  target = subject.experiment.task.target

  def relabelled(name: str) -> Domain:
    domain = subject.ground.load(name)
    if name != target:
      return domain
    of, others = len(domain.classes), subject.ground.others
    train, test = (Split(s.x, others(s.y, of)) for s in (domain.train, domain.test))
    return domain._replace(train=train, test=test)

  # Only in a task of equal classes may labels be exchanged: others choose examples by them.
  if subject.experiment.task.classes:
    raise Skipped("labels choose the examples of a task with unknown classes")
  one = _parameters(_short(subject, subject.ground.load, subject.folder / "true"))
  program.program.cache_clear()  # labels found while tracing would stay in the compiled program
  other = _parameters(_short(subject, relabelled, subject.folder / "changed"))
  if not np.array_equal(one, other):
    raise Failed("other target labels lead to other parameters: something reads them")
  return f"the same parameters to the bit after {STEPS} steps with other target labels"


def _devices(subject: Subject) -> str:
  """One device and eight agree, however the batch is spread over them.

  Where a method amplifies rounding (a critic with batch-norm over features that hardly vary), the losses of
  the first steps tell: what is wrong with a layout is wrong from the first step on.
  """
  settings = subject.experiment.settings
  slower = subject.experiment._replace(settings=settings._replace(lr=settings.lr / 10))
  subject = subject._replace(experiment=slower)
  there = min(DEVICES, jax.device_count())
  if there < 2:
    raise Skipped("one device is all there is: set JAX_NUM_CPU_DEVICES=8")
  short = functools.partial(_short, subject, subject.ground.load, evaluations=STEPS)
  one = short(subject.folder / "one", layout=Layout("sharding", 1))
  said = []
  for kind in ("sharding", "pmap"):
    other = short(subject.folder / kind, layout=Layout(kind, there))
    a, b = _parameters(one), _parameters(other)
    apart = float(np.linalg.norm(a - b) / np.linalg.norm(a))
    losses = [np.array([m["loss"][0] for m in t.past.metrics[:EARLY]]) for t in (one, other)]
    early = float(np.max(np.abs(losses[0] - losses[1]) / np.maximum(np.abs(losses[0]), 1e-3)))
    if not (apart < CLOSE or early < CLOSE_EARLY):
      raise Failed(
        f"{kind} on {there} devices: parameters are {apart:.0e} apart after {STEPS} steps, losses "
        f"{early:.0e} after {EARLY}: a loss must be of the whole batch, its draws by the key"
      )
    grown = "" if apart < CLOSE else f", by rounding that grows: losses {early:.0e} after {EARLY}"
    said.append(f"{kind} {apart:.0e}{grown}")
  return f"parameters on {there} devices after {STEPS} steps are apart by: {'; '.join(said)}"


class _Cut(Exception):
  """Ends a run in the middle."""


def _resumes(subject: Subject) -> str:
  """A run that was cut goes on from its checkpoint, to the bit."""
  load, seen = subject.ground.load, []

  def cut(step: int, *_: Any) -> None:
    if step == STEPS // 2:
      raise _Cut

  straight = _short(subject, load, subject.folder / "straight")
  with contextlib.suppress(_Cut):
    _short(subject, load, subject.folder / "cut", cut, 0.0)
  gone_on = _short(subject, load, subject.folder / "cut", lambda n, *_: seen.append(n), 0.0)
  if min(seen) < STEPS // 2:
    raise Failed("it began anew: its checkpoint cannot be read; keep arrays alone in state")
  if not np.array_equal(_parameters(straight), _parameters(gone_on)):
    raise Failed("parameters differ from those of a run in one go: keep all that lasts in state")
  return f"cut at step {STEPS // 2} of {STEPS}, the same parameters to the bit"


def _records(subject: Subject) -> list[dict[str, Any]]:
  """The method's record, and that of its null control if any."""
  place = subject.folder / "learns"
  return run(_asked(subject), place, domains=subject.ground.load, minutes=math.inf).records


def _asked(subject: Subject) -> Experiment:
  asked = subject.experiment._replace(save_model=True)
  kinds = {p.name: p.kind for p in parameters(subject.method.factory)}
  if kinds.get("weight") is not float or not subject.method.arguments["weight"]:
    return asked
  given = dict(asked.method.given)
  weight = given.pop("weight", subject.method.arguments["weight"])
  return asked._replace(method=asked.method._replace(given=given), sweep={"weight": (weight, 0.0)})


def _source_only(subject: Subject) -> float:
  asked = subject.experiment._replace(
    method=methods.bind("source_only"), start="scratch", save_model=False
  )
  made = run(asked, subject.folder / "learns", domains=subject.ground.load, minutes=math.inf)
  return _reached(subject, made.records[0])


def _reached(subject: Subject, record: dict[str, Any]) -> float:
  """What the record has of the ground's measure, mean over seeds."""
  if record["diverged"]:
    step = min(record["diverged"].values())
    raise Failed(f"the loss is not finite from step {step} on: lower --lr, or mend the loss")
  return float(np.mean(record["last"][subject.ground.measure]))


def _learns(subject: Subject) -> str:
  """Better than always the same answer, and not behind source_only."""
  record, shown = _records(subject)[0], subject.ground.shown
  reached, same = _reached(subject, record), subject.ground.trivial(record)
  if reached <= same + BEHIND:
    raise Failed(
      f"{shown(reached)} on the target, where always the same answer has {shown(same)}: "
      "nothing is learnt; try --lr, and whether the loss has the source labels"
    )
  if subject.method.name == "source_only":
    return f"{shown(reached)} on the target"
  base = _source_only(subject)
  if reached < base - BEHIND:
    raise Failed(
      f"{shown(reached)} on the target, behind source_only's {shown(base)}: try other "
      "hyper-parameters, or --lr"
    )
  return f"{shown(reached)} on the target, source_only {shown(base)}"


def _null(subject: Subject) -> str:
  """Without its term the method is about as good as source_only."""
  if len(records := _records(subject)) < 2:
    raise Skipped("has no float `weight` of an adaptation term to switch off")
  full, null = (_reached(subject, r) for r in records)
  shown, apart = subject.ground.shown, subject.ground.gain(full - null)
  gain = f"{shown(full)} with its term, {shown(null)} at weight 0: {apart}"
  more = {
    "it learns from target labels": subject.labelled,
    "it starts from the source model": subject.traits.starts == "source",
    "classes are unknown": subject.experiment.task.classes,
    "batch statistics are of both domains": subject.ground.has_statistics(subject.net),
  }
  for reason, is_so in more.items():
    if is_so:
      return f"{gain}; not compared with source_only, as {reason}"
  base = _source_only(subject)
  if abs(null - base) > NULL:
    raise Failed(
      f"{gain}; source_only has {shown(base)}: at weight 0 something else than the source's "
      "labels trains it, or nothing does"
    )
  return f"{gain}; source_only {shown(base)}"


def _saved(subject: Subject) -> str:
  """A model that is read back from its file predicts the same."""
  asked, record = _asked(subject), _records(subject)[0]
  folder, point = subject.folder / "learns", asked.points[0]
  file = saved.path(file_of(asked, point, folder), 0)
  if not file.exists():
    raise Failed("no model is left, because the first seed diverged")
  model = saved.read(file, Own(asked.method, asked.model, asked.tuning))
  test = subject.ground.load(asked.task.target).test
  if asked.task.classes:  # of which some are one class
    test = plan(asked, folder, False, subject.ground.load).data.target.test
  predicted = np.asarray(jax.jit(saved.predictor(model))(test.x))
  ours, theirs = subject.ground.judged(predicted, test.y), record["last"][subject.ground.again][0]
  if not math.isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-6):
    raise Failed(
      f"read back its {subject.ground.again} on the target is {ours:.4g}, and was {theirs:.4g}: "
      "predict may use params, state and x only"
    )
  size = os.path.getsize(file) / 1024
  return f"the same predictions from a file of {size:,.0f} KiB"


TRAINED = (
  ("same whatever target labels are", _other_labels),
  ("one device = eight", _devices),
  ("goes on after a crash", _resumes),
  ("learns the toy problem", _learns),
  ("null control", _null),
  ("survives saving", _saved),
)
