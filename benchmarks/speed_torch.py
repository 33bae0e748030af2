"""The other side of the speed benchmark: a straightforward PyTorch loop that does a DANN step's work.

As TLlib's script has it: one forward pass over source and target together, gradient reversal, a
critic with batch norm, SGD with Nesterov momentum, and three scalars read back at each step (or
none: its best case). On a GPU it is compiled by torch.compile, with channels last and, for bf16,
autocast. Networks are those of adapt/models, layer for layer; batches are drawn from arrays in
memory. Needs torch: pip install 'adapt-jax[bench]'.
"""

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import contender, machine
from benchmarks.contender import Handlers, Work
from benchmarks.torch_nets import networks, pieces


class Loop:
  """A training run, whole: data, networks, optimiser."""

  def __init__(self, work: Work) -> None:
    torch = pieces().torch
    self.torch, self.work, self.taken = torch, work, 0
    self.reverse = pieces().reverse  # torch.compile cannot look inside pieces()
    self.gpu = torch.cuda.is_available()
    self.device = torch.device("cuda" if self.gpu else "cpu")
    torch.set_float32_matmul_precision("high")  # tf32 on a GPU, as XLA takes it
    self.parts = torch.nn.ModuleDict(networks(work)).to(self.device)
    if self.gpu:
      self.parts = self.parts.to(memory_format=torch.channels_last)
    self.opt = torch.optim.SGD(
      self.parts.parameters(),
      lr=work.lr,
      momentum=0.9,
      weight_decay=work.weight_decay,
      nesterov=True,
      fused=self.gpu,
    )
    self.xs, self.ys = self._domain(0)
    self.xt, _ = self._domain(1)
    self.is_source = (torch.arange(2 * work.batch, device=self.device) < work.batch).float()
    self.rows = [self._rows(), self._rows()]
    self.losses = torch.compile(self.eager) if self.gpu else self.eager

  def _domain(self, seed: int) -> tuple[Any, Any]:
    work, rng = self.work, np.random.default_rng(seed)
    shape = (work.examples, *work.shape)
    y = self.torch.arange(work.examples, device=self.device) % work.classes
    if len(work.shape) == 1:
      x = rng.poisson(0.02, shape).astype(np.float32)
      return self.torch.from_numpy(x).to(self.device), y
    x = rng.integers(0, 255, shape).astype(np.uint8)
    return self._laid_out(self.torch.from_numpy(x).to(self.device).permute(0, 3, 1, 2)), y

  def _laid_out(self, x: Any) -> Any:
    """Images in the memory format that is fast on the device."""
    if x.ndim < 4:
      return x
    form = self.torch.channels_last if self.gpu else self.torch.contiguous_format
    return x.contiguous(memory_format=form)

  def _rows(self) -> Iterator[Any]:
    """Rows of each batch: a fresh permutation each pass."""
    n, b = self.work.examples, self.work.batch
    while True:
      order = self.torch.randperm(n, device=self.device)
      yield from (order[i : i + b] for i in range(0, n - b + 1, b))

  def eager(self, xs: Any, ys: Any, xt: Any, is_source: Any, strength: Any) -> tuple[Any, ...]:
    """(loss to minimise, label loss, domain loss) of one batch."""
    functional = self.torch.nn.functional
    x = xs if xt is None else self.torch.cat([xs, xt])
    if x.dtype == self.torch.uint8:
      x = x.float() / 127.5 - 1
    with self._precision():
      features = self.parts["body"](x)
      label_loss = functional.cross_entropy(self.parts["head"](features)[: len(xs)].float(), ys)
    if xt is None:
      return label_loss, label_loss, label_loss
    # As ours: the critic is small and stays in float32.
    logits = self.parts["critic"](self.reverse(features.float(), strength))[:, 0]
    domain_loss = functional.binary_cross_entropy_with_logits(logits, is_source)
    return label_loss + domain_loss, label_loss, domain_loss

  def _precision(self) -> Any:
    if self.work.precision == "bf16":
      return self.torch.autocast(self.device.type, self.torch.bfloat16)
    return contextlib.nullcontext()

  def step(self, losses: Callable[..., tuple[Any, ...]]) -> tuple[Any, ...]:
    """Draws a batch and takes one step; the losses, unread."""
    work, torch = self.work, self.torch
    progress = self.taken / work.run
    for group in self.opt.param_groups:
      group["lr"] = work.lr * (1 + 10 * progress) ** -0.75
    rows = next(self.rows[0])
    xs, ys, xt, is_source, strength = self._laid_out(self.xs[rows]), self.ys[rows], None, None, None
    if work.method == "dann":
      xt = self._laid_out(self.xt[next(self.rows[1])])
      ramp = work.weight * (2 / (1 + math.exp(-work.ramp * progress)) - 1)
      strength = torch.full((), ramp, device=self.device)
      is_source = self.is_source
    found = losses(xs, ys, xt, is_source, strength)
    self.opt.zero_grad()
    found[0].backward()
    self.opt.step()
    self.taken += 1
    return found

  def advance(self, steps: int, reads: bool = True) -> None:
    """Takes so many steps; `reads` reads the losses back at each, as scripts do for their meters."""
    for _ in range(steps):
      found = self.step(self.losses)
      if reads:
        for loss in found:
          loss.item()
    if self.gpu:
      self.torch.cuda.synchronize()

  def flops(self) -> float:
    """Floating-point operations of the products and convolutions of a step."""
    return counted(lambda: self.step(self.eager))


def counted(work: Callable[[], Any]) -> float:
  """Floating-point operations of products and convolutions, as torch counts them.

  But for the gradients of convolutions: of grouped ones torch counts those of whole ones.
  """
  from torch.utils.flop_counter import FlopCounterMode

  def gradients(out: Any, x: Any, kernel: Any, *rest: Any, **_: Any) -> int:
    forward = 2 * math.prod(out) * math.prod(kernel[1:])
    return forward * sum(rest[7][:2])  # which of the gradients by x and by the kernel are asked for

  backward = pieces().torch.ops.aten.convolution_backward
  with FlopCounterMode(display=False, custom_mapping={backward: gradients}) as counter:
    work()
  return float(counter.get_total_flops())


def peak(precision: str) -> float:
  """FLOP/s of a large matrix product."""
  torch = pieces().torch
  gpu = torch.cuda.is_available()
  dtype = torch.bfloat16 if precision == "bf16" else torch.float32
  n = 8192 if gpu else 1024
  a, b = (torch.randn(n, n, device="cuda" if gpu else "cpu").to(dtype) for _ in range(2))

  def product() -> None:
    torch.matmul(a, b)
    if gpu:
      torch.cuda.synchronize()

  return machine.peak_rate(product, n)


def start(work: Work) -> Handlers:
  """What this process does when it is told to."""
  torch, there = pieces().torch, {}
  before = machine.resident_bytes(peak=False)

  def prepare() -> None:
    there["loop"] = Loop(work)

  def memory() -> dict[str, int | None]:
    if torch.cuda.is_available():
      return {"peak": torch.cuda.max_memory_allocated(), "before": 0}
    return {"peak": machine.resident_bytes(peak=True), "before": before}

  return {
    "prepare": prepare,
    "advance": lambda **how: there["loop"].advance(**how),
    "flops": lambda: there["loop"].flops(),
    "peak": lambda: peak(work.precision),
    "memory": memory,
    "about": lambda: {"torch": torch.__version__, "threads": torch.get_num_threads()},
  }


if __name__ == "__main__":
  contender.serve(start)
