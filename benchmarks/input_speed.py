"""How fast images are decoded, how fast the step is, and how much of the time it waits for them.

`python -m benchmarks.input_speed` takes PACS photographs → sketches, or made-up JPEG files where
PACS is not prepared, at 128 pixels. Four rates in images a second, each the median of rounds that
are interleaved: decoding alone, the step alone (on one batch again and again), both together as a run has
them, and the rate at which the slower of the two would let both go.
"""

import argparse
import io
import itertools
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data, methods, models
from adapt.augment import named_views
from adapt.cli.command import Parser, guarded
from adapt.data import images
from adapt.data.images import Images
from adapt.experiments.suite import PHOTOS
from adapt.method import Batch
from adapt.training import resident, shared_step, stream

_AHEAD = 4  # batches decoded before they are asked for


class MadeUp:
  """Photograph-like JPEG bytes: smooth noise, which compresses as photographs do."""

  def __init__(self, n: int, seed: int) -> None:
    from PIL import Image

    rng = np.random.default_rng(seed)
    self._bytes = []
    for _ in range(n):
      coarse = Image.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8))
      buffer = io.BytesIO()
      coarse.resize((227, 227), Image.Resampling.BICUBIC).save(buffer, format="jpeg", quality=90)
      self._bytes.append(buffer.getvalue())

  def __len__(self) -> int:
    return len(self._bytes)

  def read(self, i: int) -> bytes:
    return self._bytes[i]

  def name(self, i: int) -> str:
    return f"made-up image {i}"


def _pair(data_dir: str | None, side: int) -> tuple[str, Any, Any]:
  """(what they are, source images, target images) at that size."""
  try:
    source, target = (data.load(n, data_dir).train.x for n in ("pacs_photo", "pacs_sketch"))
    what = "pacs_photo → pacs_sketch"
  except ValueError:
    source, target = (Images(MadeUp(400, seed)) for seed in (0, 1))
    what = "made-up JPEG files of 227×227"
  return what, images.resized(source, side), images.resized(target, side)


def main(argv: list[str] | None = None) -> int:
  """Prints the rates and writes them as JSON where asked."""
  parser = Parser(prog="python -m benchmarks.input_speed", description=__doc__.split("\n")[0])
  parser.add_argument("--model", default="resnet18", help="the network whose step is timed")
  parser.add_argument("--method", default="dann")
  parser.add_argument("--batch-size", type=int, default=16, help="images of each domain a step")
  parser.add_argument("--image-size", type=int, default=128)
  parser.add_argument("--augment", default="none", help="none, crop, centre or jitter")
  parser.add_argument("--workers", type=int, default=0, help="decoding processes; 0 means threads")
  parser.add_argument("--steps", type=int, default=20, help="steps of a round")
  parser.add_argument("--rounds", type=int, default=3)
  parser.add_argument("--data-dir", metavar="FOLDER")
  parser.add_argument("--out", metavar="FILE", help="JSON of the figures")
  return guarded(lambda: _measure(parser.parse_args(argv)))


def _measure(arguments: argparse.Namespace) -> int:
  side = arguments.image_size
  stored = side if arguments.augment == "none" else round(side * 8 / 7)
  what, xs, xt = _pair(arguments.data_dir, stored)
  b, steps = arguments.batch_size, arguments.steps
  sizes = resident.Sizes(len(xs), len(xt))
  order = jax.vmap(jax.random.key)(jnp.arange(1))
  plan = stream.schedule(order, sizes, b, (2 * steps + 4 * _AHEAD) * (arguments.rounds + 1))
  load = stream.Loader(plan, (xs,), xt)
  step, ts, put = _step(arguments)
  batch = put(load.at(0))
  ts, metrics = step(ts, batch)  # compiles
  jax.block_until_ready(metrics)
  rates: dict[str, list[float]] = {"decoding": [], "step": [], "together": []}
  waits = []
  made = stream.batches(load.at, 0, len(plan.source), arguments.workers, _AHEAD)
  for _ in range(arguments.rounds):
    _drain(made)
    began = time.perf_counter()
    for _ in itertools.islice(made, steps):
      pass
    rates["decoding"].append(2 * b * steps / (time.perf_counter() - began))
    began = time.perf_counter()
    for _ in range(steps):
      ts, metrics = step(ts, batch)
    jax.block_until_ready(metrics)
    rates["step"].append(2 * b * steps / (time.perf_counter() - began))
    _drain(made)
    seconds, waited, ts = _together(stream.on_device(made, put), step, ts, steps)
    rates["together"].append(2 * b * steps / seconds)
    waits.append(waited / seconds)
  made.close()
  return _report(arguments, what, rates, statistics.median(waits))


def _drain(made: Iterator[Any]) -> None:
  """Takes what was decoded ahead while nothing was timed."""
  for _ in itertools.islice(made, _AHEAD + 1):
    pass


def _step(arguments: argparse.Namespace) -> tuple[Any, Any, Any]:
  """(compiled step, first state, what puts a host batch on the device)."""
  settings = PHOTOS._replace(model=arguments.model)
  net = models.build(arguments.model, 7)
  method = methods.get(arguments.method)(net)
  opt = shared_step.optimizer(settings, settings.lr)
  kind, side, b = arguments.augment, arguments.image_size, arguments.batch_size

  def batch_of(fed: tuple[jax.Array, jax.Array], key: jax.Array) -> Batch:
    xs, xt = (named_views.train_view(key, x, kind, side) if kind != "none" else x for x in fed)
    return Batch(xs, jnp.arange(b) % 7, jnp.ones(b), jnp.zeros(b, jnp.int32), xt)

  @jax.jit
  def step(ts: shared_step.TrainState, fed: tuple[jax.Array, jax.Array]) -> Any:
    return shared_step.step(
      method, opt, 1000, ts, batch_of(fed, jax.random.fold_in(ts.key, ts.step))
    )

  blank = jnp.zeros((b, side, side, 3), jnp.uint8)
  key = jax.random.key(0)
  ts = jax.jit(lambda: shared_step.init(method, opt, key, batch_of((blank, blank), key)))()
  return step, ts, lambda fed: jax.device_put((fed.xs[0], fed.xt[0]))


def _together(
  coming: Iterator[Any], step: Any, ts: shared_step.TrainState, steps: int
) -> tuple[float, float, shared_step.TrainState]:
  """As training/feed.py has it: dispatch ahead, but not further than the device's two last steps."""
  began, waited, past = time.perf_counter(), 0.0, []
  for i in range(steps):
    before = time.perf_counter()
    batch = next(coming)
    waited += time.perf_counter() - before
    ts, metrics = step(ts, batch)
    past.append(metrics)
    if i > 1:
      jax.block_until_ready(past[-3])
  jax.block_until_ready(past)
  return time.perf_counter() - began, waited, ts


def _report(
  arguments: argparse.Namespace, what: str, rates: dict[str, list[float]], wait: float
) -> int:
  rate = {name: statistics.median(values) for name, values in rates.items()}
  slower = min(("decoding", "step"), key=lambda name: rate[name])
  print(
    f"{what}, {arguments.image_size} pixels, {arguments.model} {arguments.method} "
    f"{arguments.batch_size}+{arguments.batch_size}, augment {arguments.augment}, "
    f"workers {arguments.workers}, {jax.devices()[0].device_kind}"
  )
  for name, values in rates.items():
    low, high = min(values), max(values)
    print(f"{name:>9}: {rate[name]:8.1f} images/s  ({low:.1f} to {high:.1f})")
  share = rate["together"] / rate[slower]
  print(f"{slower}-bound; together {100 * share:.0f} % of it; the step waited {100 * wait:.0f} %")
  if arguments.out:
    figures = {"arguments": vars(arguments), "data": what, "rates": rates, "wait": wait}
    Path(arguments.out).write_text(json.dumps(figures, indent=1) + "\n")
  return 0


if __name__ == "__main__":
  sys.exit(main())
