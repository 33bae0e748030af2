"""Our side of the speed benchmark: the program that `adapt run` trains, in a process of its own."""

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np

from adapt.api.fitted import load
from adapt.data import Domain, Split
from adapt.deploy.saved import SUFFIX
from adapt.experiments import run
from adapt.experiments.experiment import Experiment
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite, Task
from adapt.method import Batch, Method
from adapt.models import packed_rows
from adapt.training import devices, resident, shared_step
from adapt.training.settings import Settings
from adapt.training.setup import Feed
from benchmarks import contender, machine
from benchmarks.contender import Handlers, Work
from benchmarks.method_cost import Training, lowered_step

GIVEN = {  # what the work says of a method; the rest is as usual
  "dann": ("weight", "ramp", "depth", "width"),
  "cdan": ("weight", "ramp", "depth", "width"),
  "mcd": ("depth", "width"),
}


@functools.cache
def made(work: Work, name: str) -> Domain:
  """The random data of a domain, drawn once: a run would find it on a disk."""
  x, y = contender.examples(work, len(name))
  split = Split(x, y.astype(np.int32))
  kind = "series" if work.series else ""
  return Domain(name, split, split, tuple(map(str, range(work.classes))), kind)


def experiment(work: Work, **changed: Any) -> Experiment:
  """The work as a run is asked for; `changed` are settings."""
  settings = Settings(
    model=work.model,
    steps=work.run,
    batch_size=work.batch,
    optimizer=work.optimizer,
    lr=work.lr,
    weight_decay=work.weight_decay,
    precision=work.precision,
  )
  settings = settings._replace(**changed)
  given = {name: getattr(work, name) for name in GIVEN.get(work.method, ())}
  if work.method == "mean_teacher":
    given["mirror"] = False  # as for digits
  kind = "sharding" if work.kind == "plain" else work.kind
  task = Task("random", ("source",), "target")
  return resolve(
    suite=Suite("speed", (task,), settings, ""),
    task=task,
    method=work.method,
    settings=settings,
    seeds=tuple(range(work.seeds)),
    given=given,
    output="pixels" if work.pixels else "classes",
    layout=devices.layout(kind, work.devices, work.batch),
    feed=Feed(work.feed),
  )


def training(work: Work) -> Training:
  """The program of the work, its state and its data."""
  return Training(experiment(work), functools.partial(made, work))


def method_of(experiment: Experiment, classes: int) -> Method:
  """The method on its network, with its hyper-parameters as constants."""
  net = experiment.model.factory(classes, experiment.settings.precision)
  hyperparameters = experiment.points[0].hyperparameters
  method: Method = experiment.method.factory(net, **hyperparameters)
  return method


def plain(whole: Training) -> Callable[[int], None]:
  """The steps of one seed as a jitted scan that knows nothing of seeds, layouts and feeds."""
  settings, arrays = whole.experiment.settings, whole.arrays
  method = method_of(whole.experiment, len(whole.data.classes))
  opt = shared_step.optimizer(settings, settings.lr)
  ts = jax.tree.map(lambda x: x[0], whole.mapped.ts)

  @functools.partial(jax.jit, static_argnums=2, donate_argnums=0)
  def chunk(ts: shared_step.TrainState, arrays: resident.Arrays, length: int) -> Any:
    order, sizes = jax.random.fold_in(ts.key, shared_step.ORDER), resident.sizes(arrays, None)
    rows = resident.plans(order, sizes, settings.batch_size, ts.step, length)

    def one(ts: shared_step.TrainState, rows: resident.Rows) -> Any:
      return shared_step.step(method, opt, settings.steps, ts, resident.take(arrays, None, rows))

    ts, metrics = jax.lax.scan(one, ts, rows)
    return ts, jax.tree.map(jnp.mean, metrics)

  def advance(steps: int) -> None:
    nonlocal ts
    ts, metrics = chunk(ts, arrays, steps)
    jax.block_until_ready((ts.params, metrics))

  return advance


def layers(work: Work) -> dict[str, list[int]]:
  """Numbers of parameters of each array, in order of size, of the network and the critic."""
  b, dtype = work.batch, jnp.uint8 if len(work.shape) > 1 else jnp.float32
  x = jnp.zeros((b, *work.shape), dtype)
  batch = Batch(x, jnp.zeros(b, jnp.int32), jnp.ones(b), jnp.ones((b, 1)), x)
  init = method_of(experiment(work), work.classes).init
  params, _ = jax.eval_shape(init, jax.random.key(0), batch)
  return {name: sorted(leaf.size for leaf in jax.tree.leaves(p)) for name, p in params.items()}


def flops(whole: Training) -> float | None:
  """Floating-point operations of a step of one seed, as XLA counts them before it optimises.

  After that a GPU's matrix products are calls into libraries, which it cannot count. Of a loop it
  counts one turn. Convolutions count as an accelerator does them:
  the CPU's blocks multiply zeros too, which is no work that had to be done, and its tiles
  (Winograd's) do with fewer products than were asked for. None over several devices and under pmap,
  whose work is the same but for what devices tell each other, and for packed rows, whose products
  are a loop.
  """
  if whole.experiment.layout != devices.Layout() or packed_rows.packed(whole.arrays.xs):
    return None
  one = jax.tree.map(lambda x: x[:1], whole.mapped)
  with mock.patch.object(jax, "default_backend", return_value="gpu"):
    return float(lowered_step(whole, one).cost_analysis()["flops"])


def peak(precision: str) -> float:
  """FLOP/s of a large matrix product."""
  n = 1024 if jax.default_backend() == "cpu" else 8192
  dtype = jnp.bfloat16 if precision == "bf16" else jnp.float32
  a, b = (jax.random.normal(jax.random.key(i), (n, n), dtype) for i in range(2))
  product = jax.jit(jnp.matmul)
  return machine.peak_rate(lambda: jax.block_until_ready(product(a, b)), n)


def memory(before: int | None) -> dict[str, int | None]:
  """Bytes at the peak, of the device where it says so, else of the process; and before the work."""
  stats = jax.devices()[0].memory_stats()
  if stats and "peak_bytes_in_use" in stats:
    return {"peak": int(stats["peak_bytes_in_use"]), "before": 0}
  return {"peak": machine.resident_bytes(peak=True), "before": before}


def start(work: Work) -> Handlers:
  """What this process does when it is told to."""
  for name in ("source", "target"):
    made(work, name)
  before = machine.resident_bytes(peak=False)
  there: dict[str, Any] = {}

  def prepare() -> None:
    there["whole"] = whole = training(work)
    jax.block_until_ready((whole.mapped, whole.arrays))
    there["advance"] = plain(whole) if work.kind == "plain" else whole.advance

  def whole_run(steps: int, evaluations: int, minutes: float = 60.0) -> None:
    asked = experiment(work, steps=steps, evaluations=evaluations)
    with tempfile.TemporaryDirectory() as out:
      run.run(asked, out, domains=functools.partial(made, work), minutes=minutes)

  def predict(steps: int) -> None:
    if "fitted" not in there:
      asked = experiment(work, steps=2, evaluations=1)._replace(save_model=True)
      with tempfile.TemporaryDirectory() as out:
        few = work._replace(examples=4 * work.batch)  # a run looks at its data several times
        run.run(asked, out, domains=functools.partial(made, few))
        there["fitted"] = load(next(Path(out).rglob(f"*{SUFFIX}")))
      there["images"], _ = contender.examples(work, 2)
    for _ in range(steps):
      there["fitted"].predict(there["images"])

  return {
    "prepare": prepare,
    "predict": predict,
    "advance": lambda steps: there["advance"](steps),
    "run": whole_run,
    "flops": lambda: flops(there["whole"]),
    "peak": lambda: peak(work.precision),
    "memory": lambda: memory(before),
    "about": lambda: {"jax": jax.__version__, "devices": jax.device_count()},
  }


if __name__ == "__main__":
  contender.serve(start)
