"""How many streams a second: ours as one program, against a plain PyTorch loop, of Tent and CoTTA.

    python -m benchmarks.streams_speed [--method tent cotta] [--rounds 3] [--lanes 8] [--batches 40]

A lane is one stream: one source model, one rate. PyTorch runs lanes one after the other, as the authors'
scripts do, on one thread unless told: on layers as small as these two threads wait for each other. Its views
of CoTTA are drawn once for a whole batch there, and once for each image here. Both
sides take turns in one process, a round is a turn of each, and compilation is left out and told apart. Told
are lanes per second and lanes per second of CPU time, which does not see who else uses the cores. Needs
torch: pip install 'adapt-jax[bench]'. Writes OUT.
"""

import argparse
import copy
import importlib.util
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt import extras
from adapt.cli.command import guarded
from adapt.models import test_time
from adapt.streams import methods, scan
from benchmarks import machine, streams_source

RATES = {"tent": 1e-3, "cotta": 1e-3}
VIEWS, CLASSES = 32, 10


def ours(name: str, pool: np.ndarray, rows: np.ndarray, lanes: int) -> Callable[[], Any]:
  """A compiled program of so many lanes, ready to run."""
  net = streams_source.network(CLASSES)
  x = jnp.asarray(pool)
  models = jax.tree.map(lambda v: v[None], jax.jit(net.init)(jax.random.key(0), x[:1]))
  zeros = np.zeros(lanes, int)
  chosen = scan.Lanes(zeros, zeros, {"rate": np.full(lanes, RATES[name])})
  resets = jnp.zeros((1, len(rows)), bool)
  given = models, x[:64], x, jnp.asarray(rows[None]), resets, scan.arrays(chosen)
  program = scan.program(methods.get(name), test_time.Forward(net))
  compiled = jax.jit(program).lower(*given).compile()
  return lambda: np.asarray(compiled(*given))


def network(torch: Any) -> Any:
  """The network of streams_source in torch."""
  nn, layers, size = torch.nn, [], 1
  for channels in (16, 32, 64):
    layers += [nn.Conv2d(size, channels, 3, 2, 1), nn.BatchNorm2d(channels), nn.ReLU()]
    size = channels
  dense = [nn.Flatten(), nn.Linear(64 * 16, 128), nn.BatchNorm1d(128), nn.ReLU()]
  return nn.Sequential(*layers, *dense, nn.Linear(128, CLASSES))


def view(torch: Any, x: Any) -> Any:
  """Jitter, a move, blur and noise of images [b, 1, h, w] in [0, 1], drawn once for all."""
  functional = torch.nn.functional
  u = (2 * torch.rand(8) - 1).tolist()
  x = (x * (1 + 0.4 * u[0])).clamp(0, 1)
  mean = x.mean((1, 2, 3), keepdim=True)
  x = (mean + (1 + 0.3 * u[1]) * (x - mean)).clamp(1e-8, 1) ** (1 + 0.3 * u[2])
  angle, scale = np.deg2rad(15 * u[3]), 1 / (1 + 0.1 * u[4])
  cos, sin = scale * np.cos(angle), scale * np.sin(angle)
  matrix = torch.tensor([[[cos, -sin, u[5] / 8], [sin, cos, u[6] / 8]]], dtype=torch.float32)
  grid = functional.affine_grid(matrix.expand(len(x), 2, 3), list(x.shape), align_corners=False)
  x = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
  taps = torch.exp(-0.5 * (torch.arange(-2.0, 3.0) / (0.001 + 0.5 * abs(u[7]))) ** 2)
  kernel = (taps[:, None] * taps)[None, None] / taps.sum() ** 2
  x = functional.conv2d(functional.pad(x, (2, 2, 2, 2), "reflect"), kernel)
  return (x + 0.005 * torch.randn_like(x)).clamp(0, 1)


def theirs(name: str, pool: np.ndarray, rows: np.ndarray, threads: int) -> Callable[[], Any]:
  """One lane by a plain loop."""
  import torch

  torch.set_num_threads(threads)
  x = torch.from_numpy(pool).permute(0, 3, 1, 2).float() / 255
  source = network(torch).train()

  def crossed(logits: Any, teacher: Any) -> Any:
    return -(teacher.softmax(1) * logits.log_softmax(1)).sum(1).mean()

  def tent() -> list[Any]:
    net, found = copy.deepcopy(source), []
    norms = [m for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    net.requires_grad_(False)
    params = [p.requires_grad_() for m in norms for p in m.parameters()]
    adam = torch.optim.Adam(params, RATES[name])
    for batch in rows:
      logits = net(2 * x[batch] - 1)
      adam.zero_grad()
      crossed(logits, logits).backward()
      adam.step()
      found.append(logits.detach().argmax(1))
    return found

  def cotta() -> list[Any]:
    student, teacher, found = copy.deepcopy(source), copy.deepcopy(source), []
    anchor, adam = copy.deepcopy(source), torch.optim.Adam(student.parameters(), RATES[name])
    for batch in rows:
      images = x[batch]
      with torch.no_grad():
        unsure = anchor(2 * images - 1).softmax(1).max(1)[0].mean() < 0.92
        seen = [view(torch, images) for _ in range(VIEWS)] if unsure else [images]
        target = torch.stack([teacher(2 * v - 1) for v in seen]).mean(0)
      adam.zero_grad()
      crossed(student(2 * images - 1), target).backward()
      adam.step()
      with torch.no_grad():
        every = (net.parameters() for net in (teacher, student, anchor))
        for t, s, a in zip(*every, strict=True):
          t.mul_(0.999).add_(s, alpha=0.001)
          s.copy_(torch.where(torch.rand(s.shape) < 0.01, a, s))
      found.append(target.argmax(1))
    return found

  return {"tent": tent, "cotta": cotta}[name]


def turn(run: Callable[[], Any], lanes: int) -> tuple[float, float]:
  """Lanes per second, and per second of CPU time."""
  wall, cpu = time.perf_counter(), time.process_time()
  run()
  return lanes / (time.perf_counter() - wall), lanes / (time.process_time() - cpu)


def paired(name: str, flags: argparse.Namespace) -> dict[str, Any]:
  """Both sides in turns."""
  rng = np.random.default_rng(0)
  pool = rng.integers(0, 256, (1000, 28, 28, 1)).astype(np.uint8)
  rows = rng.integers(0, len(pool), (flags.batches, flags.batch)).astype(np.int32)
  began = time.process_time()
  program = ours(name, pool, rows, flags.lanes)
  compilation = time.process_time() - began
  loop = theirs(name, pool, rows[:2], flags.threads)
  program(), loop()
  loop, rounds = theirs(name, pool, rows, flags.threads), []
  for _ in range(flags.rounds):
    before = machine.usage()
    rounds.append((turn(program, flags.lanes), turn(loop, 1)))
    others = machine.foreign(before, machine.usage())
    print(
      f"{name}: ours {rounds[-1][0]}, theirs {rounds[-1][1]}, others {others} cores", flush=True
    )
  ratios = [[a[i] / b[i] for a, b in rounds] for i in (0, 1)]
  return {
    "rounds": rounds,
    "ratio": statistics.median(ratios[0]),
    "ratio_of_cpu_time": statistics.median(ratios[1]),
    "ranges": [[min(r), max(r)] for r in ratios],
    "cores_that_others_used": others,
    "cpu_seconds_of_compilation": compilation,
  }


def main() -> int:
  """Measures, prints and writes."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
  parser.add_argument("--method", nargs="+", choices=tuple(RATES), default=list(RATES))
  parser.add_argument("--rounds", type=int, default=3)
  parser.add_argument("--lanes", type=int, default=8, help="of our program")
  parser.add_argument("--batches", type=int, default=40, help="in a stream")
  parser.add_argument("--batch", type=int, default=20)
  parser.add_argument("--threads", type=int, default=1, help="of PyTorch; more are slower here")
  parser.add_argument("--out", type=Path, default=Path("results/streams/speed.json"))
  flags = parser.parse_args()
  if importlib.util.find_spec("torch") is None:
    raise ValueError(f"torch is not there: {extras.install('bench')}")
  found = {name: paired(name, flags) for name in flags.method}
  setting = {k: v for k, v in vars(flags).items() if k not in ("out", "method")}
  record = {"setting": setting, "cores": os.cpu_count(), "jax": jax.__version__, "methods": found}
  flags.out.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
  for name, cell in found.items():
    print(f"{name}: {cell['ratio']:.1f} × in time, {cell['ratio_of_cpu_time']:.1f} × in CPU time")
  return 0


if __name__ == "__main__":
  raise SystemExit(guarded(main))
