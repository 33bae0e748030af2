"""Refuses combinations of choices that have no meaning, each with its reason."""

from typing import Any

from adapt import catalogue, methods, outputs, tuning, validators, weights
from adapt.evaluation import decision
from adapt.experiments import generalisation
from adapt.experiments.choices import Choices
from adapt.method import Method
from adapt.training import bounds, dp_sgd, hosts, optimizers


def refuse_unknown(choices: Choices) -> None:
  """Raises ValueError for unknown arguments and impossible values."""
  method = choices.method
  settings, own = choices.settings, choices.optimizer
  assert choices.model.name == settings.model, "settings of another network"
  assert own.name == settings.optimizer, "settings of another optimizer"
  known = {p.name: p for p in catalogue.parameters(method.factory)}
  moved = list(choices.candidates[0] if choices.candidates else choices.sweep)
  for name in [*method.given, *moved]:
    if name not in known and name != "lr":
      raise ValueError(f"{method.name} has no '{name}': it takes {', '.join(known) or 'nothing'}")
  if "lr" in moved and not optimizers.has_rate(own):
    raise ValueError(
      f"{own.name} has a learning rate of its own: leave lr out of --sweep and --search"
    )
  for name in moved:
    if name != "lr" and known[name].kind is not float:
      raise ValueError(f"'{name}' of {method.name} is no float: only floats can be swept")
  # What is as usual is not asked for: a suite's optimizer may have no use for it.
  if settings.momentum != choices.usual.momentum and not optimizers.has_momentum(own):
    raise ValueError(
      f"momentum is of sgd, and {own.name} has arguments of its own: leave momentum "
      f"{settings.momentum} out"
    )
  refuse_numbers(choices)
  if choices.validator not in validators.RETRAINING:
    validators.get(choices.validator)
  decision.check(choices.decision)


def refuse_numbers(choices: Choices) -> None:
  """Raises ValueError for numbers that no setting or hyper-parameter can have."""
  bounds.check_settings(choices.settings)
  seeds = choices.seeds
  if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
    raise ValueError(f"seeds are {list(seeds)}: give one or more, 0 or above, all different")
  entries = (choices.method, choices.weighting, choices.tuning, choices.optimizer)
  for entry in filter(None, (*entries, choices.model)):
    kinds = {p.name: p.kind for p in catalogue.parameters(entry.factory)} if entry.given else {}
    for name, value in entry.given.items():
      bounds.check(f"{name} of {entry.name}", value, kinds.get(name, object))
  swept = [*choices.sweep.items()]
  swept += [(name, (value,)) for point in choices.candidates for name, value in point.items()]
  for name, values in swept:
    for value in values:
      bounds.check(name, value, float, bounds.SETTINGS["lr"] if name == "lr" else None)
  for name, value in (choices.dp._asdict() if choices.dp else {}).items():
    bounds.check(f"{name} of --dp", value, float, bounds.DP[name])


def refuse(choices: Choices, method: Method) -> None:
  """Raises ValueError, with the reason, for a combination that has no meaning."""
  name, start, way = choices.method.name, choices.start, choices.tuning()
  if start not in ("scratch", "source"):
    raise ValueError(f"unknown start '{start}': choose scratch or source")
  if choices.weighting and "source" not in method.reads:
    raise ValueError(
      f"{name} does not train on source examples, so --weights {choices.weighting.name} "
      "has nothing to weight: leave it out"
    )
  for flag, asked in (("defer", choices.settings.defer), ("resample", choices.settings.resample)):
    if asked and not choices.weighting:
      raise ValueError(f"--{flag} is about weights: give --weights, such as class_balanced")
  if start == "source" and name in ("source_only", "target_only"):
    reason = "it makes the source model" if name == "source_only" else "it is trained from scratch"
    raise ValueError(f"{name} cannot start from the source model: {reason}; use fine_tune")
  if start == "scratch" and way.needs_start:
    raise ValueError(
      f"--tuning {choices.tuning.name} goes on from a model that fits already, which has no "
      "meaning from scratch: use --start source"
    )
  if way.reads and not set(way.reads) & set(method.reads):
    raise ValueError(
      f"--tuning {choices.tuning.name} learns from labelled target examples, which {name} does "
      "not read: use it with fine_tune or weighted"
    )
  if "labelled" in method.reads and choices.settings.shots < 1:
    each = " (per class)" if outputs.kind(choices.output) == "classes" else ""
    raise ValueError(f"{name} needs labelled target examples: give --shots N{each}")
  given = len(choices.task.source)
  if given < method.sources:
    raise ValueError(
      f"{name} needs {method.sources} source domains and {choices.task.name} has {given}: give "
      "several to --source, choose a task with several, or take a method for one, such as dann or "
      "cdan"
    )
  generalisation.refuse(choices, method)
  _refuse_unserved(choices, method)
  _refuse_output(choices, method)
  _refuse_turning(choices, method)
  if choices.dp and choices.search:
    raise ValueError("what --search chooses tells of the private examples: leave it out with --dp")
  if choices.dp:
    _refuse_public(choices, method, way)


def _refuse_public(choices: Choices, method: Method, way: Any) -> None:
  """Raises ValueError where --dp would promise what does not hold."""
  name = choices.method.name
  if not dp_sgd.protected(method, choices.start):
    kinds = {n: methods.traits(n) for n in methods.names()}
    private = [n for n, kind in kinds.items() if dp_sgd.protected(kind, kind.starts)]
    if method.starts == "source":
      raise ValueError(f"--start scratch leaves {name} nothing private: leave it out")
    raise ValueError(
      f"no gradient of {name} belongs to one example alone, so --dp cannot bound it: "
      f"take {', '.join(private)}"
    )
  if choices.weighting:
    raise ValueError("--weights are computed from the private examples: leave them out with --dp")
  if choices.layout.kind == "pmap":
    raise ValueError(
      "--dp takes gradients by example, which pmap cannot share: --parallel sharding"
    )
  if method.by_example and way.adjust is not None:
    raise ValueError(
      f"--tuning {choices.tuning.name} learns from whole batches: choose another with --dp"
    )


def _refuse_output(choices: Choices, method: Method) -> None:
  """Raises ValueError where method, weighting or tuning cannot deal with what is predicted."""
  output, name = outputs.kind(choices.output), choices.method.name
  if output not in method.outputs:
    others = [n for n in methods.names() if output in methods.traits(n).outputs]
    raise ValueError(
      f"{name} predicts {' and '.join(method.outputs)}, and the output is {output}: take "
      f"{', '.join(others)}"
    )
  if choices.output().by_counts and {"labelled", "all_labelled"} & set(method.reads):
    loss = choices.output.given.get("loss", choices.output.name)  # a user's own is itself one
    raise ValueError(
      f"the loss {loss} goes by the source's class counts, and {name} learns from target labels "
      "too: take cross_entropy or focal"
    )
  weighting = choices.weighting
  if weighting and output not in weights.outputs(weighting.factory):
    known = [n for n in weights.names() if output in weights.outputs_of(n)]
    raise ValueError(
      f"--weights {weighting.name} counts labels of classes, and the output is {output}: take "
      f"{', '.join(known)}"
    )
  if output not in choices.tuning().outputs:
    known = [n for n in tuning.names() if output in tuning.get(n)().outputs]
    raise ValueError(
      f"--tuning {choices.tuning.name} needs classes, and the output is {output}: take "
      f"{', '.join(known)}"
    )


def _refuse_unserved(choices: Choices, method: Method) -> None:
  """Raises ValueError for classes that relate as the method does not provide for."""
  relation = choices.task.relation
  if relation in method.serves:
    return
  others = [n for n in methods.names() if relation in methods.traits(n).serves]
  raise ValueError(
    f"{choices.method.name} serves {' and '.join(method.serves)} tasks, and "
    f"{choices.task.name} is {relation}: take {', '.join(others) or 'another task'}"
  )


def _refuse_turning(choices: Choices, method: Method) -> None:
  """Raises ValueError where source and target cannot change places."""
  if choices.validator != validators.REVERSE or outputs.kind(choices.output) != "classes":
    return  # `validators.check` says which ones judge other outputs
  reason = None
  if len(choices.task.source) > 1:
    reason = "there are several sources"
  elif choices.task.classes is not None:
    reason = "the domains have classes of their own"
  elif {"labelled", "all_labelled"} & set(method.reads):
    reason = f"{choices.method.name} reads target labels"
  elif choices.dp:
    reason = "--dp accounts for one training"
  elif hosts.several():
    reason = "several processes do not"
  if reason:
    raise ValueError(
      f"--validator {validators.REVERSE} lets source and target change places, and {reason}"
    )
