"""The other side of the speed benchmark: a straightforward PyTorch loop that does a step's work.

As TLlib's script has it: one forward pass over source and target together, gradient reversal, a
critic with batch norm, SGD with Nesterov momentum, and the losses read back at each step (or none:
its best case). What changes in place does, optimisers are fused, and images have their channels last
where that is faster. On a GPU it is compiled by torch.compile, with autocast for bf16. Networks are
those of adapt/models, layer for layer; batches are drawn from arrays in memory. Needs torch:
pip install 'adapt-jax[bench]'.
"""

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks import contender, machine
from benchmarks.contender import Handlers, Work, examples
from benchmarks.torch_methods import MULTIPLES, WAYS, Batch, Losses
from benchmarks.torch_nets import networks
from benchmarks.torch_pieces import pieces

# Faster so on a CPU; DTN, LeNet and ResNet-18 are not (results/speed/NOTES.md).
CHANNELS_LAST = ("efficientnet_lite0", "unet_bn")
BLOCK = 256  # images that are predicted at once
Loss = Callable[[Batch], Losses]


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
    images = len(work.shape) > 1 and not work.series
    self.last = images and (self.gpu or work.model in CHANNELS_LAST)
    if self.last:
      self.parts = self.parts.to(memory_format=torch.channels_last)
    self.way = WAYS[work.method]
    self.groups = [[p for n in g for p in self.parts[n].parameters()] for g in self.way.groups]
    self.opts = [self._optimizer(group) for group in self.groups]
    (self.xs, self.ys), (self.xt, _) = self._domain(0), self._domain(1)
    self.is_source = (torch.arange(2 * work.batch, device=self.device) < work.batch).float()
    self.pairs = torch.triu_indices(*[2 * work.batch] * 2, 1, device=self.device)
    self.multiples = torch.tensor(MULTIPLES, device=self.device)
    self.rows = [self._rows(), self._rows()]
    self.eager = [functools.partial(phase.loss, self) for phase in self.way.phases]
    self.losses = [torch.compile(loss) for loss in self.eager] if self.gpu else self.eager

  def _optimizer(self, group: list[Any]) -> Any:
    optim, work = self.torch.optim, self.work
    more = {"lr": work.lr, "weight_decay": work.weight_decay, "fused": True}
    if work.optimizer == "adam":
      return optim.Adam(group, **more)
    return optim.SGD(group, momentum=0.9, nesterov=True, **more)

  def _domain(self, seed: int) -> tuple[Any, Any]:
    x, y = (self.torch.from_numpy(a).to(self.device) for a in examples(self.work, seed))
    return self._laid_out(self._moved(x)), y

  def _moved(self, x: Any) -> Any:
    """Inputs with their axes where torch wants them."""
    if self.work.series:  # a convolution over time has channels before it
      return x[..., 0] if self.work.model == "gru" else x[..., 0].transpose(1, 2)
    return x.permute(0, 3, 1, 2) if x.ndim == 4 else x

  def _laid_out(self, x: Any) -> Any:
    """Inputs in the memory format that is fast on the device."""
    last = self.torch.channels_last if self.last else self.torch.contiguous_format
    return x.contiguous(memory_format=last)

  def _rows(self) -> Iterator[Any]:
    """Rows of each batch: a fresh permutation each pass."""
    n, b = self.work.examples, self.work.batch
    while True:
      order = self.torch.randperm(n, device=self.device)
      yield from (order[i : i + b] for i in range(0, n - b + 1, b))

  def scaled(self, x: Any) -> Any:
    """Images in [-1, 1], and other inputs, as floats."""
    return x / 127.5 - 1 if x.dtype == self.torch.uint8 else x

  def seen(self, x: Any, parts: Any = None) -> tuple[Any, Any]:
    """(features, logits) of inputs that are scaled."""
    parts = self.parts if parts is None else parts
    with self.precision():
      features = parts["body"](x)
      return features, parts["head"](features)

  def label_loss(self, logits: Any, ys: Any) -> Any:
    """Cross-entropy, of examples or of pixels."""
    return self.torch.nn.functional.cross_entropy(logits.float(), ys)

  def precision(self) -> Any:
    """Where bfloat16 is wanted, what takes it."""
    if self.work.precision == "bf16":
      return self.torch.autocast(self.device.type, self.torch.bfloat16)
    return contextlib.nullcontext()

  def batch(self) -> Batch:
    """Draws one."""
    work, torch, rows = self.work, self.torch, next(self.rows[0])
    batch = Batch(self._laid_out(self.xs[rows]), self.ys[rows])
    if work.method == "source_only":
      return batch
    xt = self._laid_out(self.xt[next(self.rows[1])])
    ramp = work.weight * (2 / (1 + math.exp(-work.ramp * self.taken / work.run)) - 1)
    strength = torch.full((), ramp, device=self.device)
    return Batch(*batch[:2], xt, self.is_source, strength)

  def step(self, losses: Sequence[Loss]) -> Losses:
    """Draws a batch and takes one step; the losses, unread."""
    work, batch = self.work, self.batch()
    found: Losses = ()
    rate = work.lr * (1 + 10 * self.taken / work.run) ** -0.75
    for opt in self.opts:
      for settings in opt.param_groups:
        settings["lr"] = rate
    for phase, loss in zip(self.way.phases, losses, strict=True):
      if len(self.groups) > 1:
        for i, group in enumerate(self.groups):
          for parameter in group:
            parameter.requires_grad_(i in phase.groups)
      for _ in range(phase.repeat):
        new = loss(batch)
        for i in phase.groups:
          self.opts[i].zero_grad()
        new[0].backward()
        for i in phase.groups:
          self.opts[i].step()
      found += new
    self.way.after(self)
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

  def predict(self, images: np.ndarray) -> np.ndarray:
    """Classes [n] of images as they come, block by block."""
    torch, body = self.torch, self.parts.eval()
    found = []
    with torch.inference_mode():
      for i in range(0, len(images), BLOCK):
        x = self._moved(torch.from_numpy(images[i : i + BLOCK]).to(self.device))
        found.append(self.seen(self.scaled(self._laid_out(x)), body)[1].argmax(1))
    self.parts.train()
    return np.asarray(torch.cat(found).cpu().numpy())

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

  @functools.cache
  def images() -> np.ndarray:
    return examples(work, 2)[0]

  def predict(steps: int) -> None:
    for _ in range(steps):
      there["loop"].predict(images())

  def memory() -> dict[str, int | None]:
    if torch.cuda.is_available():
      return {"peak": torch.cuda.max_memory_allocated(), "before": 0}
    return {"peak": machine.resident_bytes(peak=True), "before": before}

  return {
    "prepare": prepare,
    "advance": lambda **how: there["loop"].advance(**how),
    "predict": predict,
    "flops": lambda: there["loop"].flops(),
    "peak": lambda: peak(work.precision),
    "memory": memory,
    "about": lambda: {"torch": torch.__version__, "threads": torch.get_num_threads()},
  }


if __name__ == "__main__":
  contender.serve(start)
