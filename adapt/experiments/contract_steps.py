"""The part of a method's contract that needs steps, not training."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt.experiments.contract_runs import Failed, Skipped, Subject
from adapt.method import Batch, Phase
from adapt.training import shared_step

STEP, STEPS = 5, 10  # in the middle, where every ramp has begun
ROUNDING = 1e-6  # of a parameter, about eight of its last digit
Named = tuple[str, Callable[[Subject], str]]


class _LabelsRead(Exception):
  """Something has touched what is not there for it."""


class _Forbidden:
  """Stands where target labels are for methods that declare to read them."""

  def __getattribute__(self, name: str) -> Any:
    if name == "__class__":
      return _Forbidden
    raise _LabelsRead(name)

  def __getitem__(self, key: Any) -> Any:
    raise _LabelsRead

  def __eq__(self, other: object) -> bool:
    raise _LabelsRead

  def __len__(self) -> int:
    raise _LabelsRead

  def __bool__(self) -> bool:
    raise _LabelsRead


def _declares_labels(subject: Subject) -> str:
  """No target label is touched unless declared."""
  if subject.labelled:
    raise Skipped(f"declares that it reads {' and '.join(subject.labelled)} target examples")
  batch = _batch(subject)._replace(xl=_Forbidden(), yl=_Forbidden())
  method = subject.made()
  key = jax.random.key(0)
  try:
    params, state = jax.eval_shape(lambda k: method.init(k, batch), key)
    for phase in phases(method.loss, params):
      jax.eval_shape(lambda p, s, f=phase.loss: f(p, s, batch, key, 0.5), params, state)
  except _LabelsRead as error:
    raise Failed("reads batch.xl or batch.yl, and its reads= does not say 'labelled'") from error
  return "nothing reads batch.xl or batch.yl"


def phases(loss: Any, params: dict[str, Any]) -> tuple[Phase, ...]:
  """The minimisations of a step."""
  return (Phase(loss, tuple(params)),) if callable(loss) else tuple(loss)


def _batch(subject: Subject) -> Batch:
  """Sixteen random examples of each domain."""
  keys = iter(jax.random.split(jax.random.key(1), 3))
  xs, xt, xl = (jax.random.normal(next(keys), (16, *subject.ground.shape)) for _ in range(3))
  ys, domains = jnp.asarray(subject.ground.labels(16)), max(subject.traits.sources, 1)
  ds = jnp.eye(domains)[jnp.arange(16) // 2 % domains]
  batch = Batch(xs, ys, jnp.ones(16), ds, xt, it=jnp.arange(16))
  return batch._replace(xl=xl, yl=ys) if subject.labelled else batch


def _finite(subject: Subject) -> str:
  """The loss and its gradient, in the middle of a run."""
  method = subject.made()
  batch, key, progress = _batch(subject), jax.random.key(0), jnp.asarray(STEP / STEPS)
  params, state = jax.jit(method.init)(key, batch)
  shown = []
  for phase in phases(method.loss, params):

    def loss(moving: Any, batch: Batch, f: Any = phase.loss) -> Any:
      return f({**params, **moving}, state, batch, key, progress)

    moving = {entry: params[entry] for entry in phase.trains}
    if shape := jax.eval_shape(loss, moving, batch)[0].shape:
      raise Failed(f"the loss has shape {list(shape)}: return a number, such as its mean")
    (value, _), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(moving, batch)
    if not jnp.isfinite(value):
      raise Failed(f"the loss is {value} on random inputs: look for log(0), 0/0 and sqrt at 0")
    lost = [_name(p) for p, g in jax.tree_util.tree_leaves_with_path(grads) if not _all_finite(g)]
    if lost:
      raise Failed(f"the loss is {value:.3g}, but the gradient of {lost[0]} is not finite")
    shown.append(f"{value:.3g}")
  return f"loss {', '.join(shown)} on random inputs"


def _all_finite(x: jax.Array) -> bool:
  return bool(jnp.isfinite(x).all())


def _name(path: Any) -> str:
  return ".".join(str(getattr(k, "key", getattr(k, "name", getattr(k, "idx", k)))) for k in path)


def _stepper(subject: Subject) -> tuple[Callable[..., Any], shared_step.TrainState, Batch]:
  """The shared step with this method, a state mid-run, and a batch.

  The batch is an argument of the step: as a constant XLA would compute on it while it compiles.
  """
  # Adam would make much of a gradient that is nothing but rounding.
  settings = subject.experiment.settings._replace(optimizer="sgd")
  method = subject.made()
  opt, batch = shared_step.optimizer(settings, settings.lr), _batch(subject)
  ts = jax.jit(lambda key: shared_step.init(method, opt, key, batch))(jax.random.key(0))

  def step(ts: shared_step.TrainState, batch: Batch) -> Any:
    return shared_step.step(method, opt, STEPS, ts, batch)

  return step, ts._replace(step=jnp.asarray(STEP, jnp.int32)), batch


def _compiles_once(subject: Subject) -> str:
  """A step keeps shapes and types, so nothing is traced again."""
  method = subject.made()
  batch, key = _batch(subject), jax.random.key(0)
  params, state = jax.jit(method.init)(key, batch)
  for phase in phases(method.loss, params):
    _, (after, _) = jax.eval_shape(phase.loss, params, state, batch, key, jnp.asarray(0.5))
    _refuse_changed({"state": state}, {"state": after})
  step, ts, batch = _stepper(subject)
  traces = []

  @jax.jit
  def traced(ts: shared_step.TrainState, batch: Batch) -> Any:
    traces.append(1)
    return step(ts, batch)

  after, _ = traced(ts, batch)
  _refuse_changed(ts, after)
  traced(after, batch)
  if len(traces) > 1:
    raise Failed("the second step is traced again: its state has weak types; give arrays a dtype")
  still = [n for n, p in after.params.items() if not _moved(ts.params[n], p)]
  if still:
    raise Failed(f"params['{still[0]}'] never moves: keep it in state, or let the loss reach it")
  return "one trace for two steps; every entry of params moves"


def _refuse_changed(before: Any, after: Any) -> None:
  one, other = str(jax.tree.structure(before)), str(jax.tree.structure(after))
  if one != other:
    raise Failed("a step's state has other entries than init's: return the same ones")
  for (path, a), b in zip(
    jax.tree_util.tree_leaves_with_path(before), jax.tree.leaves(after), strict=True
  ):
    if (a.shape, a.dtype) != (b.shape, b.dtype):
      shown = [f"{x.dtype}{list(x.shape)}" for x in (a, b)]
      raise Failed(f"{_name(path)} was {shown[0]} and is {shown[1]} after a step: keep its shape")


def _moved(before: Any, after: Any) -> bool:
  pairs = zip(jax.tree.leaves(before), jax.tree.leaves(after), strict=True)
  return any(bool(jnp.any(a != b)) for a, b in pairs)


def _pure(subject: Subject) -> str:
  """A compiled step equals one run operation by operation.

  Some methods make much of rounding, such as one whose features have singular values near 0: there the two
  may differ by what a change of the parameters by `ROUNDING` moves.
  """
  step, ts, batch = _stepper(subject)
  compiled, plain = _numbers(jax.jit(step)(ts, batch)), _numbers(step(ts, batch))
  apart = {n: float(np.abs(a - plain[n]).max(initial=0.0)) for n, a in compiled.items()}
  wrong = [n for n, a in compiled.items() if not np.allclose(a, plain[n], rtol=1e-3, atol=1e-5)]
  if wrong:
    again = _numbers(step(ts, batch))
    moved = _numbers(step(ts._replace(params=jax.tree.map(_nudged, ts.params)), batch))
    for name in wrong:
      steady = np.array_equal(again[name], plain[name], equal_nan=True)
      # Not "is more than", which NaN never is.
      if not (steady and apart[name] <= np.abs(moved[name] - plain[name]).max(initial=0.0)):
        raise Failed(
          f"{name} differs by {apart[name]:.1g}: use jax.random with the step's key, not NumPy or "
          "Python, for all that is drawn or changes"
        )
  said = f", which rounding makes of {ROUNDING:.0e}" if wrong else ""
  # Of a loss that explodes on random inputs only the relative difference tells anything.
  sizes = {n: max(1.0, float(np.abs(a).max(initial=0.0))) for n, a in plain.items()}
  return f"equal to {max((apart[n] / sizes[n] for n in apart), default=0.0):.0e}{said}"


def _nudged(x: jax.Array) -> jax.Array:
  """Numbers that are up or down by `ROUNDING`; all alike would keep what no scale changes."""
  up = jax.random.bernoulli(jax.random.key(2), shape=x.shape)
  return x * (1 + ROUNDING * jnp.where(up, 1, -1)).astype(x.dtype)


def _numbers(after: Any) -> dict[str, np.ndarray]:
  """All that a step leaves and measures, by name; but not its keys."""
  leaves = jax.tree_util.tree_leaves_with_path(after)
  keys = jax.dtypes.prng_key
  return {_name(p): np.asarray(a, float) for p, a in leaves if not jnp.issubdtype(a.dtype, keys)}


STEPWISE: tuple[Named, ...] = (
  ("leaves target labels alone", _declares_labels),
  ("finite loss and gradients", _finite),
  ("compiles once", _compiles_once),
  ("compiled = step by step", _pure),
)
