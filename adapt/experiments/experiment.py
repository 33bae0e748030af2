"""What is asked for: one method on one task, with every choice spelled out, checked and named."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapt import catalogue, methods, tuning, validators, weights
from adapt.experiments.suite import Suite, Task
from adapt.method import Method, Net
from adapt.records import record
from adapt.training import dp_sgd
from adapt.training.devices import Layout
from adapt.training.settings import Settings

_MOST = 1000  # swept combinations in one program


class Choice(NamedTuple):
  """A weighting or a tuning and what was set of it."""

  name: str
  given: Mapping[str, Any] = {}


class Feed(NamedTuple):
  """How inputs reach the step; the numbers do not depend on it but for the order of float sums.

  `kind` is device (all inputs live there, as they are), stream (the host decodes each batch) or auto,
  which streams what does not fit and packs bags of words (sparse.py). `workers` are processes that
  decode; 0 means threads.
  """

  kind: str = "auto"
  workers: int = 0


class Search(NamedTuple):
  """A search of float hyper-parameters and `lr`."""

  number: int  # points, of which the defaults are the first but in a grid
  sampler: str  # random, tpe or grid
  ranges: Mapping[str, Any]  # of what is moved: a Range each, a grid's values


class Request(NamedTuple):
  """One method on one task."""

  suite: Suite
  task: Task
  method: str
  settings: Settings
  seeds: tuple[int, ...] = (0,)
  given: Mapping[str, Any] = {}  # hyper-parameters set by the user
  sweep: Mapping[str, tuple[float, ...]] = {}  # float hyper-parameters, or lr, with several values
  weights: Choice | None = None
  tuning: Choice = Choice("full")
  start: str | None = None  # None: what the method and the tuning say
  layout: Layout = Layout()
  validator: str = validators.DEFAULT
  feed: Feed = Feed()
  dp: dp_sgd.Privacy | None = None
  save_model: bool = False  # whether to keep each seed's model beside its record
  search: Search | None = None
  candidates: tuple[Mapping[str, float], ...] = ()  # combinations of floats, in place of a sweep's


class Point(NamedTuple):
  """One record to be: all of a request but with each swept value fixed."""

  label: str
  hyperparameters: dict[str, Any]  # after defaults
  lr: float


def points(request: Request) -> list[Point]:
  """The records that a request makes, one per combination of swept values.

  A search makes one; its label does not say what was searched. Its candidates all have that label.

  Raises:
    ValueError: an unknown or unsuitable hyper-parameter, a combination without meaning.
  """
  factory = methods.get(request.method)
  known = {p.name: p for p in catalogue.parameters(factory)}
  moved = list(request.candidates[0] if request.candidates else request.sweep)
  for name in [*request.given, *moved]:
    if name not in known and name != "lr":
      raise ValueError(
        f"{request.method} has no '{name}': it takes {', '.join(known) or 'nothing'}"
      )
  for name in moved:
    if name != "lr" and known[name].kind is not float:
      raise ValueError(f"'{name}' of {request.method} is no float: only floats can be swept")
  defaults = _defaults(request)
  result = []
  for swept in combinations(request):
    lr = swept.get("lr", request.settings.lr)
    hyper = {**defaults, **request.given, **{n: v for n, v in swept.items() if n != "lr"}}
    shown = {} if request.search else swept
    changed = {n: v for n, v in {**request.given, **shown}.items() if v != defaults.get(n)}
    method = traits(request.method, hyper)
    refuse_nonsense(request, method)
    result.append(Point(_label(request, method, changed), hyper, lr))
  return result


def combinations(request: Request) -> Sequence[Mapping[str, float]]:
  """What is set at each point beside what is given, all of the same names."""
  if request.candidates:
    return request.candidates
  if (size := math.prod(map(len, request.sweep.values()))) > _MOST:
    raise ValueError(f"--sweep has {size} combinations: give at most {_MOST}")
  every = itertools.product(*request.sweep.values())
  return [dict(zip(request.sweep, values, strict=True)) for values in every]


def _defaults(request: Request) -> dict[str, Any]:
  """Of the method's hyper-parameters, in this suite."""
  own = {p.name: p.default for p in catalogue.parameters(methods.get(request.method))}
  return own | dict(request.suite.defaults.get(request.method, {}))


def traits(method: str, hyperparameters: Mapping[str, Any]) -> Method:
  """The method with no network behind it, to ask what it reads and where it starts.

  Raises:
    ValueError: its factory refuses the hyper-parameters, or is wrong.
  """
  factory = methods.get(method)
  try:
    made = factory(Net(_no_network, _no_network), **hyperparameters)
  except ValueError:
    raise
  except Exception as error:  # whatever a user's own file does
    reason = f"{type(error).__name__}: {error}"
    raise ValueError(f"'{method}' makes no method ({reason}): mend {method}.py") from error
  if not isinstance(made, Method):
    raise ValueError(f"'{method}' makes a {type(made).__name__}: return a Method in {method}.py")
  return made


def start_of(request: Request, method: Method) -> str:
  """ "scratch" or "source": asked for, else needed by the tuning, else the method's own way."""
  if request.start:
    return request.start
  return "source" if _way(request).needs_start else method.starts


def refuse_nonsense(request: Request, method: Method) -> None:
  """Raises ValueError, with the reason, for a combination that has no meaning."""
  name, start = request.method, start_of(request, method)
  if start not in ("scratch", "source"):
    raise ValueError(f"unknown start '{start}': choose scratch or source")
  if request.weights and "source" not in method.reads:
    raise ValueError(
      f"{name} does not train on source examples, so --weights {request.weights.name} "
      "has nothing to weight: leave it out"
    )
  if start == "source" and name in ("source_only", "target_only"):
    reason = "it makes the source model" if name == "source_only" else "it is trained from scratch"
    raise ValueError(f"{name} cannot start from the source model: {reason}; use fine_tune")
  if start == "scratch" and _way(request).needs_start:
    raise ValueError(
      f"--tuning {request.tuning.name} goes on from a model that fits already, which has no meaning "
      "from scratch: use --start source"
    )
  needed = _way(request).reads
  if needed and not set(needed) & set(method.reads):
    raise ValueError(
      f"--tuning {request.tuning.name} learns from labelled target examples, which {name} does not "
      "read: use it with fine_tune or weighted"
    )
  if "labelled" in method.reads and request.settings.shots < 1:
    raise ValueError(f"{name} needs labelled target examples: give --shots N (per class)")
  given = len(request.task.source)
  if given < method.sources:
    raise ValueError(
      f"{name} needs {method.sources} source domains and {request.task.name} has {given}: give "
      "several to --source, choose a task with several, or take a method for one, such as dann or "
      "cdan"
    )
  _refuse_unserved(request, method)
  if request.dp and request.search:
    raise ValueError("what --search chooses tells of the private examples: leave it out with --dp")
  if request.dp:
    _refuse_public(request, method)


def _refuse_public(request: Request, method: Method) -> None:
  """Raises ValueError where --dp would promise what does not hold."""
  if not dp_sgd.protected(method, start_of(request, method)):
    kinds = {n: traits(n, {}) for n in methods.names()}
    private_ones = [n for n, kind in kinds.items() if dp_sgd.protected(kind, kind.starts)]
    if method.starts == "source":
      raise ValueError(f"--start scratch leaves {request.method} nothing private: leave it out")
    raise ValueError(
      f"no gradient of {request.method} belongs to one example alone, so --dp cannot bound it: "
      f"take {', '.join(private_ones)}"
    )
  if request.weights:
    raise ValueError("--weights are computed from the private examples: leave them out with --dp")
  if request.layout.kind == "pmap":
    raise ValueError(
      "--dp takes gradients by example, which pmap cannot share: --parallel sharding"
    )
  if method.by_example and _way(request).adjust is not None:
    raise ValueError(
      f"--tuning {request.tuning.name} learns from whole batches: choose another with --dp"
    )


def _refuse_unserved(request: Request, method: Method) -> None:
  """Raises ValueError for classes that relate as the method does not provide for."""
  relation = request.task.relation
  if relation in method.serves:
    return
  others = [n for n in methods.names() if relation in traits(n, {}).serves]
  raise ValueError(
    f"{request.method} serves {' and '.join(method.serves)} tasks, and {request.task.name} is "
    f"{relation}: take {', '.join(others) or 'another task'}"
  )


def config(request: Request, point: Point, data: Mapping[str, str]) -> dict[str, Any]:
  """Everything that determines the numbers; compared when a record exists already."""
  method = traits(request.method, point.hyperparameters)
  start = start_of(request, method)
  warm = {"source_lr": request.settings.lr} if start == "source" else {}  # point.lr may be swept
  classes = request.task.classes
  sets = {"classes": classes._asdict()} if classes else {}
  search = request.search
  return {
    **warm,
    "hyperparameters": point.hyperparameters,
    "weights": _chosen(weights, request.weights),
    "tuning": None if request.tuning.name == "full" else _chosen(tuning, request.tuning),
    "settings": request.settings._replace(lr=point.lr)._asdict(),
    "start": start,
    "seeds": list(request.seeds),
    "source": list(request.task.source),
    "target": request.task.target,
    **sets,
    **({"dp": request.dp._asdict()} if request.dp else {}),
    "data": dict(data),
    # Seeds on devices of their own have the numbers of one device, but for rounding.
    "parallel": "pmap" if request.layout.kind == "pmap" else "sharding",
    "devices": request.layout.devices,
    "validator": request.validator,
    **({"search": {**search._asdict(), "validator": request.validator}} if search else {}),
  }


def as_chosen(request: Request, point: Point, made: Mapping[str, Any]) -> Point:
  """The point as the record with that config has it: what a search chose was not asked for."""
  if not request.search:
    return point
  own, lr = made["hyperparameters"], made["settings"].get("lr", point.lr)
  chosen = {n: own[n] for n in request.search.ranges if n in own}
  return point._replace(hyperparameters={**point.hyperparameters, **chosen}, lr=lr)


def _no_network(*_: Any) -> Any:
  raise AssertionError("a method's factory must not run its network")


def _way(request: Request) -> tuning.Tuning:
  way: tuning.Tuning = tuning.get(request.tuning.name)(**dict(request.tuning.given))
  return way


def _chosen(package: Any, choice: Choice | None) -> dict[str, Any] | None:
  if choice is None:
    return None
  defaults = {p.name: p.default for p in catalogue.parameters(package.get(choice.name))}
  for name in choice.given:
    if name not in defaults:
      takes = ", ".join(defaults) or "nothing"
      raise ValueError(f"{choice.name} has no '{name}': it takes {takes}")
  return {"name": choice.name, **defaults, **choice.given}


def _label(request: Request, method: Method, changed: dict[str, Any]) -> str:
  for package, choice in ((weights, request.weights), (tuning, request.tuning)):
    filled = _chosen(package, choice) or {}
    defaults = _chosen(package, Choice(choice.name)) if choice else {}
    for name, value in filled.items():
      if value != (defaults or {}).get(name):
        changed[f"{choice.name}-{name}" if choice and name in changed else name] = value
  dp = {} if request.dp is None else request.dp._asdict()
  changed |= {n: v for n, v in dp.items() if n != "delta"}
  usual = start_of(request._replace(start=None), method)
  return record.label_of(
    f"{request.method}+search" if request.search else request.method,
    changed,
    request.weights.name if request.weights else None,
    None if request.tuning.name == "full" else request.tuning.name,
    None if request.start == usual else request.start,
    "dp" if request.dp else None,
  )
