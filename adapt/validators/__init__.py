"""Model selection without target labels: each file is one score.

A score judges one evaluation; higher is better. A file NAME.py defines NAME(*, hyper-parameters) ->
Validator: what the device makes of the evaluation, and what the host makes of that. A record has
every validator's score at every evaluation, those of plug-ins too, so that selecting by another one
is a look at it (`best`). Reverse validation costs a second training, so a record has it only where
it was asked for (experiments/reverse.py).
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import catalogue
from adapt.evaluation import metrics
from adapt.validators._clusters import clustered
from adapt.validators._mixtures import mixable, mixture, partners
from adapt.validators._risk import Loss, cross_fitted, losses

__all__ = ["DEFAULT", "LEFT_OUT", "RETRAINING", "REVERSE", "Evaluation", "Seen", "Validator"]
__all__ += ["best", "bind", "check", "counted", "default", "get", "made", "mixable", "mixture"]
__all__ += ["names", "of_sources", "partners", "plugged", "scores", "see"]

DEFAULT = "information_maximisation"
REVERSE = "reverse"
LEFT_OUT = "leave_one_domain_out"
RETRAINING = (REVERSE, LEFT_OUT)  # they train again: experiments/reverse.py, source_left_out.py


class Seen(NamedTuple):
  """A network's outputs on held-out source and target training examples.

  `see` makes it. There is no place for a target label here. The last four serve several validators
  and are made once. Of pixels logits are those of s pixels of each image, [n, s, k].
  """

  fs: jax.Array  # [n, d] source features
  ls: jax.Array  # [n, k] source logits
  ys: (
    jax.Array
  )  # [n] source labels; of values [n, d], standardised; of pixels [n, s]; of labels [n, k]
  ft: jax.Array  # [m, d] target features
  lt: jax.Array  # [m, k] target logits
  lm: jax.Array | None  # [m, k] logits of mixed target inputs; None where those cannot be mixed
  weights: jax.Array  # [v] p_t / p_s of the first v source examples, v even
  losses: Any  # [n] of the source examples, see `_risk.losses`; None of pixels
  # Of classes alone, else None:
  predicted: jax.Array  # [m] target classes
  clusters: jax.Array  # [m, k] one-hot k-means clusters of ft, begun at the predicted classes


class Evaluation(NamedTuple):
  """One evaluation of one run, on the host."""

  source: Any  # the output kind's counts of all held-out source examples
  target: Any  # of all target training examples, without labels
  made: Any = None  # what the validator's `device` has made


def numbers(evaluations: Sequence[Evaluation]) -> list[float]:
  """What the device has made, where that is the score."""
  return [float(e.made) for e in evaluations]


class Validator(NamedTuple):
  """How a score is made. Without `device` it follows from the counts.

  `device(seen)` is traced once, with the other validators' in one program, and returns an array or a
  dict of arrays. `score(evaluations)` has all evaluations of a run in order, and returns a float for
  each. `mixes` says that `device` needs `seen.lm`, which token ids do not have. `outputs` are the kinds
  of predictions that it can judge. `reads` is of which domains' examples: "source" alone for
  one that serves an unseen target.
  """

  device: Callable[[Seen], Any] | None = None
  score: Callable[[Sequence[Evaluation]], list[float]] = numbers
  mixes: bool = False
  outputs: tuple[str, ...] = ("classes",)
  reads: tuple[str, ...] = ("source", "target")


def counted(score: Callable[[Any, Any], float]) -> Validator:
  """A validator whose score is a function of source and target counts."""
  return Validator(score=lambda evaluations: [score(e.source, e.target) for e in evaluations])


def names(output: str = "") -> tuple[str, ...]:
  """Every validator but those that train again, sorted.

  If an output kind is named, only those that can judge it.
  """
  found = catalogue.names(__name__)
  if taken := [name for name in RETRAINING if name in found]:
    raise ValueError(f"'{taken[0]}' is a validator of its own: give {taken[0]}.py another name")
  return tuple(n for n in found if not output or output in made(get(n)).outputs)


def of_sources(output: str) -> tuple[str, ...]:
  """The validators of an output kind that read source examples alone.

  They are training-domain validation, for tasks whose target is unseen.
  """
  return tuple(n for n in names(output) if made(get(n)).reads == ("source",))


def default(output: str, unseen: bool = False) -> str:
  """The validator of an output kind where none is named."""
  if unseen:
    return "source_accuracy" if output == "classes" else "source_loss"
  return DEFAULT if output == "classes" else "source_loss"


def get(name: str) -> Callable[..., Validator]:
  """The factory of that name; ValueError for an unknown one.

  The message lists the names.
  """
  known = () if catalogue.has(__name__, name) else (*names(), *RETRAINING)
  factory: Callable[..., Validator] = catalogue.get(__name__, name, known)
  return factory


def bind(validator: str | Callable[..., Any] | catalogue.Bound, **given: Any) -> catalogue.Bound:
  """A named validator, or one's own factory, with given arguments set.

  Raises:
    ValueError: an unknown name, or an argument that it does not take.
  """
  if isinstance(validator, catalogue.Bound):
    own = {**validator.given, **given}
    return catalogue.bound(validator.name, validator.factory, own, validator.package)
  if isinstance(validator, str):
    return catalogue.bound(validator, get(validator), given, __name__)
  return catalogue.bound(validator.__name__, validator, given)


@functools.cache
def made(factory: Callable[..., Validator]) -> Validator:
  """The validator of a factory, with its defaults."""
  found = factory()
  if not isinstance(found, Validator):
    raise ValueError(_wrong(factory, f"returns a {type(found).__name__}, no Validator"))
  return found


def see(
  fs: jax.Array,
  ls: jax.Array,
  ys: jax.Array,
  ft: jax.Array,
  lt: jax.Array,
  lm: jax.Array | None = None,
  loss: Loss | None = None,
) -> Seen:
  """What validators see of one cell, for use inside a program.

  It includes what several of them need. `loss` is what values are trained with.
  """
  fs, ls, ft, lt = (x.astype(jnp.float32) for x in (fs, ls, ft, lt))
  lm = None if lm is None else lm.astype(jnp.float32)
  common = fs, ls, ys, ft, lt, lm, jnp.exp(cross_fitted(fs, ft)), losses(ls, ys, loss)
  if predicted_kind(ys, ls.ndim) != "classes":
    none: Any = None
    return Seen(*common, none, none)
  predicted = lt.argmax(axis=1)
  clusters = clustered(ft, jax.nn.one_hot(predicted, lt.shape[1]))
  return Seen(*common, predicted, clusters)


def predicted_kind(ys: jax.Array, axes: int) -> str:
  """The output kind of labels, by their shape and type.

  Classes are [n], values [n, d] floats, pixels [n, s] and labels [n, k] integers.

  Args:
    ys: labels.
    axes: of the logits: 3 of pixels [n, s, k], else 2.
  """
  if ys.ndim == 1:
    return "classes"
  if jnp.issubdtype(ys.dtype, jnp.floating):
    return "values"
  return "pixels" if axes == 3 else "labels"


def check(validator: str, xt: Any, output: str = "classes") -> None:
  """Refuses a validator that cannot judge such inputs or outputs.

  Plug-ins that fail are refused too.

  Raises:
    ValueError: one line with the remedy.
  """
  known = names(output)
  if validator not in known and (output != "classes" or validator not in RETRAINING):
    raise ValueError(
      f"{validator} judges predicted classes, and the output is {output}: choose --validator from "
      f"{', '.join(known)}"
      if output != "classes"
      else f"{validator} does not judge classes, and they are the output: choose another --validator, e.g. "
      f"{DEFAULT}"
    )
  for name in known:
    factory = get(name)
    if name == validator and made(factory).mixes and not mixable(xt.dtype):
      raise ValueError(
        f"{name} mixes inputs, and token ids have no mixture: choose another --validator, e.g. {DEFAULT}"
      )
    if output == "classes" and _own(factory):
      _try(factory)


def plugged() -> dict[str, Callable[..., Validator]]:
  """Validators of plug-ins by name; every record has their scores too."""
  return {name: factory for name in names() if _own(factory := get(name))}


def _own(factory: Callable[..., Validator]) -> bool:
  return not factory.__module__.startswith(f"{__name__}.")


@functools.cache
def _try(factory: Callable[..., Validator]) -> None:
  """Raises ValueError where a validator of the user's own fails on a small evaluation."""
  rng = np.random.default_rng(0)
  fs, ft, ls, lt, lm = (rng.normal(size=(8, n)).astype(np.float32) for n in (4, 4, 3, 3, 3))
  ys = np.arange(8, dtype=np.int32) % 3
  own = made(factory)
  counts = metrics.count(jnp.asarray(ls), jnp.asarray(ys), jnp.ones(8))
  try:
    device = own.device
    of = None if device is None else jax.jit(lambda *x: device(see(*x)))(fs, ls, ys, ft, lt, lm)
    found = [float(s) for s in own.score([Evaluation(counts, counts, jax.device_get(of))] * 2)]
  except Exception as error:  # whatever a file of the user's does
    raise ValueError(_wrong(factory, f"fails ({type(error).__name__}: {error})")) from error
  if len(found) != 2:
    raise ValueError(_wrong(factory, f"scores 2 evaluations by {len(found)} numbers"))


def _wrong(factory: Callable[..., Any], what: str) -> str:
  name = getattr(factory, "__name__", "?")
  return f"validator '{name}' {what}: mend {inspect.getsourcefile(factory) or name}"


def scores(
  source: Sequence[Any],
  target: Sequence[Any],
  seen: Sequence[Mapping[str, Any]],
  output: str = "classes",
) -> dict[str, list[float]]:
  """Every validator's score at every evaluation of one cell.

  Args:
    source: counts of held-out source examples, per evaluation.
    target: counts of target training examples, per evaluation, without labels.
    seen: what the validators' `device` has made of the cell by name, per evaluation.
    output: what is predicted.

  Returns:
    Name -> scores. One that `seen` never has is left out, such as "mixval" where inputs cannot be
    mixed; a plug-in that came after a checkpoint has no number before it.
  """
  evaluations = [Evaluation(*each) for each in zip(source, target, seen, strict=True)]
  found = {}
  for name in names(output):
    own = made(get(name))
    mine = [e._replace(made=e.made.get(name)) for e in evaluations]
    kept = [e for e in mine if own.device is None or e.made is not None]
    if kept or not mine:
      found[name] = [math.nan] * (len(mine) - len(kept)) + own.score(kept)
  return found


def best(scores: Sequence[float | None]) -> int | None:
  """The evaluation that a validator prefers, the first of equals.

  Args:
    scores: of one run, as `scores` makes them or a record has them: null where not a number.

  Returns:
    Its index; None if no score is a number.
  """
  known = [e for e, s in enumerate(scores) if s is not None and math.isfinite(s)]
  return max(known, key=lambda e: scores[e] or 0.0, default=None)
