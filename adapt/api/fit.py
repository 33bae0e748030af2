"""`adapt.fit`: trains a method on arrays, files or names."""

import contextlib
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt import catalogue, methods, models, outputs, tuning, weights
from adapt.api import arrays
from adapt.api.fitted import Fitted
from adapt.catalogue import Bound
from adapt.data.domain import Domain, labelled
from adapt.data.reading import Reading, reading_of
from adapt.deploy import saved
from adapt.deploy.rebuilt import Own
from adapt.experiments import auto, generalisation
from adapt.experiments.choices import Named
from adapt.experiments.experiment import Experiment
from adapt.experiments.own_suite import OwnSuite, own_suite
from adapt.experiments.plan import file_of
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.search import searching
from adapt.records.record import read_points
from adapt.report import remarks
from adapt.training import bounds, devices, program_memory, task_data
from adapt.training.history import History, Report
from adapt.training.settings import Settings
from adapt.training.setup import traits

Choice = str | tuple[str, Mapping[str, Any]] | Bound  # a name, or with its arguments
# Called at each evaluation with the step, label-free measures, and a function that stops training.
Callback = Callable[[int, Mapping[str, float], Callable[[], None]], None]


def fit(
  method: Named,
  *,
  source: arrays.Data,
  target: arrays.Data,
  test: arrays.Data | None = None,
  labelled: arrays.Data | None = None,
  groups: Sequence[Any] | None = None,
  label: str = "label",
  transductive: bool = False,
  reading: Mapping[str, Any] | Reading = Reading(),
  model: Any = None,
  weights: Choice | None = None,
  tuning: Choice = "full",
  seeds: int | Sequence[int] = 1,
  start: str | None = None,
  validator: str | None = None,
  output: Choice = "classes",
  loss: str | None = None,
  decision: str | float = "argmax",
  protocol: str | None = None,
  search: int = 0,
  out: str | Path | None = None,
  force: bool = False,
  callbacks: Sequence[Callback] = (),
  progress: bool = False,
  **settings: Any,
) -> Fitted:
  """Trains a method from a source to a target.

  Args:
    method: a name of `adapt methods`, a factory of one's own, or "auto", which tries a few methods and
      chooses one without target labels; `record["auto"]` of what it returns says how.
    source: (inputs, labels), a data frame with a label column, a data set or loader of torch or
      Hugging Face, rows (x, y) or {"image": …, "label": …}, a file, folder or name as `--source`
      takes it, or a `Domain`; several as a list or as a dict by name. Inputs are arrays, tensors,
      sparse matrices, pictures or texts.
    target: inputs without labels, or any of the above. A fifth of labelled arrays is the test set.
    test: (inputs, labels) of the target, to judge by.
    labelled: (inputs, labels) of the target, for methods that learn from such.
    groups: of the examples of `test`, or of `target` without it, [n]: the worst group's accuracy is
      measured, and nothing else looks at them. Of frames and files `reading` names a column:
      {"groups": "ward"}.
    label: the label's column in data frames and data sets; of values and labels several, as "A,B,C".
    transductive: adapts to all of a labelled target without its labels, and judges on the same.
    reading: how own data are read and scaled, as `adapt run` has flags for it, by name: e.g.
      {"scale": "robust", "categorical": ["ward"]}.
    model: a name, "package.module:Name", a `Net`, or a flax linen or nnx module; by default the
      network for this kind of inputs.
    weights: a weighting of source examples, or (name, arguments).
    tuning: what moves, and from where, or (name, arguments).
    seeds: how many runs, or which.
    start: scratch or source; by default the method's own way.
    validator: the label-free score that selects among evaluations; None: the output kind's usual one.
    output: what is predicted: classes, values (regression), pixels (segmentation: labels are masks
      [n, h, w], 255 where not scored), or a kind with its arguments as in ("values", {"loss": "huber"}).
    loss: of labels, by name: of classes cross_entropy, focal, logit_adjusted, balanced_softmax or ldam, of
      values squared, absolute or huber.
    decision: how one of two classes is predicted: argmax, balanced or f1 (the threshold of the best balanced
      accuracy, or F1, on held-out source examples), or a probability of the second. No target label is read.
    protocol: leave-one-out: the target is never seen in training, encoding or selection, all of its
      labelled arrays judge, and the method reads sources alone; None: adaptation to it.
    search: tries so many points of the float hyper-parameters and keeps the best by `validator`.
    out: folder of records, models and checkpoints: the same call goes on, or finds what is there.
      None: nothing is kept.
    force: with `out`, trains again what is there.
    callbacks: called once per evaluation. One that stops needs `out` to be None.
    progress: shows progress in a terminal or a notebook.
    settings: training settings (`steps`, `lr`, `batch_size`, …) and hyper-parameters by name.

  Returns:
    The trained models, one a seed, and their record.

  Raises:
    ValueError: one line with the remedy.
  """
  program_memory.relieve()  # of earlier calls in this process: hundreds of them end in LLVM without
  task_data.forget()
  predicts = outputs.bind(_entry(outputs, output), **({} if loss is None else {"loss": loss}))
  options = _options(reading, transductive, outputs.kind(predicts))
  hidden = generalisation.asked(protocol, method)
  domains = arrays.domains_of(source, target, test, labelled, label, options, groups, hidden)
  own, network = _own(domains, model, hidden, predicts)
  asked = (own, network, weights, tuning, seeds, settings, start, validator, predicts, decision)
  tried = _tried(method, domains, search)
  experiments = [searching(_experiment(one, *asked), search, "random") for one in tried or [method]]
  _tell_unread(labelled is not None, experiments)
  notes = [*own.notes, *own.warnings]
  with contextlib.ExitStack() as held:
    folder = Path(out or held.enter_context(tempfile.TemporaryDirectory(prefix="adapt-")))
    given: dict[str, Any] = {"force": force, "domains": own.domains}
    given["minutes"], made = 5.0 if out else float("inf"), []
    for one in experiments:
      with _progress(one) if progress else contextlib.nullcontext(_silent) as report:
        made += run(one, folder, report=report, watch=_watch(callbacks, out), **given).records
    chosen, record, lines = _chosen(experiments, made, tried, folder)
    return _fitted(chosen, record, folder, [*notes, *lines, *remarks.lost(record)])


def _chosen(
  experiments: Sequence[Experiment], made: list[Any], tried: Mapping[str, str], folder: Path
) -> tuple[Experiment, dict[str, Any], list[str]]:
  """The one experiment, or the one that `auto` chooses, its record, and what is to be said of it."""
  if not tried:
    return experiments[0], made[0], []
  record = auto.summary(made, tried)
  auto.write(record, folder)
  chosen = experiments[[r["label"] for r in made].index(record["auto"]["chosen"])]
  return chosen, record, auto.lines(record)


def _own(
  domains: Sequence[Domain], model: Any, hidden: bool, output: Bound
) -> tuple[OwnSuite, Bound]:
  """The suite of the domains, and the network: the usual one of their kind if None."""
  named = None if model is None else models.bind(model)
  name = None if named is None else named.name
  own = own_suite("fit", domains, name, unseen=hidden, output=outputs.kind(output))
  return own, named or models.bind(own.settings.model)


def _tried(method: Named, domains: Sequence[Domain], search: int) -> dict[str, str]:
  """What `auto` tries, and why; nothing for another method."""
  if method != auto.NAME:
    return {}
  if search:
    raise ValueError("auto chooses among methods as they are: leave out search")
  return {one.method: one.reason for one in auto.of_domains(domains[:-1])}


def _options(reading: Mapping[str, Any] | Reading, transductive: bool, predicts: str) -> Reading:
  """How own data are read; the arguments of `fit` win."""
  options = reading if isinstance(reading, Reading) else reading_of(reading)
  if predicts != "classes":
    options = options._replace(output=predicts)
  return options._replace(transductive=transductive or options.transductive)


def _tell_unread(labels: bool, experiments: Sequence[Experiment]) -> None:
  """Warns where labels of the target are given to methods that learn from none."""
  kinds = [traits(e.method, e.method.arguments) for e in experiments]
  if labels and not any({"labelled", "all_labelled"} & set(kind.reads) for kind in kinds):
    names = " and ".join(e.method.name for e in experiments)
    warnings.warn(
      f"{names} learns from no labels of the target, so those of `labelled` are not read: fine_tune "
      "and mme are among the methods that learn from them",
      stacklevel=3,
    )


def _silent(step: int, past: History) -> None:
  """Reports nothing."""


def _experiment(
  method: Named,
  own: OwnSuite,
  model: Bound,
  weighting: Choice | None,
  way: Choice,
  seeds: int | Sequence[int],
  given: Mapping[str, Any],
  start: str | None,
  validator: str | None,
  output: Bound,
  decision: str | float,
) -> Experiment:
  changed = {n: v for n, v in given.items() if n in Settings._fields}
  y = own.domains(own.task.target).train.y
  if y is not None and not labelled(y).all():
    changed.setdefault("shots", 1)  # those that are declared labelled
  settings = own.settings._replace(**changed)
  bounds.check_settings(settings)  # the layout counts in some of them
  rest = {n: v for n, v in given.items() if n not in changed}
  bound = methods.bind(method)
  refuse_unknown(bound, rest)
  number = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
  return resolve(
    own.suite,
    own.task,
    bound,
    settings,
    number,
    given=rest,
    model=model,
    weighting=None if weighting is None else _entry(weights, weighting),
    tuning=_entry(tuning, way),
    start=start,
    validator=validator,
    decision=str(decision),
    output=output,
    layout=devices.layout("auto", 0, settings.batch_size, len(number)),
    save_model=True,
  )


def refuse_unknown(method: Bound, given: Mapping[str, Any]) -> None:
  """Raises ValueError for names that are neither settings nor the method's hyper-parameters."""
  known = [p.name for p in catalogue.parameters(method.factory)]
  for name in given:
    if name not in known:
      raise ValueError(
        f"{method.name} has no '{name}': it takes {', '.join(known) or 'nothing'}, and every method "
        f"{', '.join(Settings._fields)}"
      )


def _entry(package: Any, choice: Choice) -> Bound:
  name, given = choice if isinstance(choice, tuple) and len(choice) == 2 else (choice, {})
  found: Bound = package.bind(name, **given)
  return found


def _watch(callbacks: Sequence[Callback], out: str | Path | None) -> "_Stopper | None":
  return _Stopper(callbacks, out is None) if callbacks else None


class _Stopper:
  """Calls callbacks; True once one of them has asked to stop."""

  def __init__(self, callbacks: Sequence[Callback], may: bool) -> None:
    self._callbacks, self._may, self._told = callbacks, may, False

  def __call__(self, step: int, measures: dict[str, float]) -> bool:
    for callback in self._callbacks:
      callback(step, measures, self._stop)
    return self._told

  def _stop(self) -> None:
    if not self._may:
      raise ValueError("a run that was stopped early makes no record: leave out `out`, or stop()")
    self._told = True


@contextlib.contextmanager
def _progress(experiment: Experiment) -> Iterator[Report]:
  """A bar; of accuracies it shows none, as they are the test set's."""
  from rich.progress import Progress

  with Progress() as bars:
    name = f"{experiment.method.name} on {experiment.task.name}"
    bar = bars.add_task(name, total=experiment.settings.steps)

    def report(step: int, past: History) -> None:
      bars.update(bar, completed=step, description=f"{name}, loss {past.mean('loss'):.3f}")

    yield report


def _fitted(
  experiment: Experiment, record: dict[str, Any], folder: Path, notes: Sequence[str]
) -> Fitted:
  """What is left in memory of a run whose files are in a folder."""
  file = file_of(experiment, experiment.points[0], folder)
  own = Own(experiment.method, experiment.model, experiment.tuning)
  lost = record["diverged"]
  read = {
    seed: saved.read(saved.path(file, seed), own)
    for seed in experiment.seeds
    if str(seed) not in lost
  }
  contents = {seed: saved.path(file, seed).read_bytes() for seed in read}
  return Fitted(record, read, contents, read_points(file, record), notes)
