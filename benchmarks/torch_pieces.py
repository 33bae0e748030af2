"""Layers that torch.nn lacks and the speed benchmark needs; torch is an extra."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple


class Pieces(NamedTuple):
  """Classes and functions that need torch to be defined; it is an extra."""

  torch: Any
  nn: Any
  Residual: Any
  Same: Any
  Scale: Any
  LastState: Any
  Level: Any
  reverse: Callable[..., Any]


@functools.cache
def pieces() -> Pieces:
  """What torch.nn has no layer for."""
  import torch
  from torch import nn

  class Residual(nn.Module):
    """after(body(x) + shortcut(x))."""

    def __init__(self, body: nn.Module, shortcut: nn.Module, after: nn.Module) -> None:
      super().__init__()
      self.body, self.shortcut, self.after = body, shortcut, after

    def forward(self, x: Any) -> Any:
      return self.after(self.body(x) + self.shortcut(x))

  class Same(nn.Module):
    """TensorFlow's padding "SAME" for a window and a stride."""

    def __init__(self, size: int, stride: int) -> None:
      super().__init__()
      self.size, self.stride = size, stride

    def forward(self, x: Any) -> Any:
      pads = []
      for n in (x.shape[3], x.shape[2]):
        total = max((-(-n // self.stride) - 1) * self.stride + self.size - n, 0)
        pads += [total // 2, total - total // 2]
      return nn.functional.pad(x, pads)

  class Scale(nn.Module):
    """Images in [-1, 1] to what the published weights of a backbone expect."""

    def __init__(self, a: Any, b: Any) -> None:
      super().__init__()
      self.register_buffer("a", torch.tensor(a).reshape(1, -1, 1, 1))
      self.register_buffer("b", torch.tensor(b).reshape(1, -1, 1, 1))

    def forward(self, x: Any) -> Any:
      return self.a * x + self.b

  return Pieces(torch, nn, Residual, Same, Scale, *_wrapped(torch), _reverse(torch))


def _wrapped(torch: Any) -> tuple[Any, Any]:
  """(LastState, Level)."""
  nn = torch.nn

  class LastState(nn.Module):  # type: ignore[name-defined]
    """The last state of a recurrent layer."""

    def __init__(self, layer: Any) -> None:
      super().__init__()
      self.layer = layer

    def forward(self, x: Any) -> Any:
      return self.layer(x)[1][-1]

  class Level(nn.Module):  # type: ignore[name-defined]
    """A level of a U-Net: what lies below it sees half the size, and comes back to it."""

    def __init__(self, down: Any, below: Any, up: Any) -> None:
      super().__init__()
      self.down, self.below, self.up = down, below, up

    def forward(self, x: Any) -> Any:
      x = self.down(x)
      deep = self.below(nn.functional.max_pool2d(x, 2))
      return self.up(torch.cat([nn.functional.interpolate(deep, scale_factor=2), x], 1))

  return LastState, Level


def _reverse(torch: Any) -> Any:
  """Gradient reversal."""

  class Reverse(torch.autograd.Function):
    """Identity whose gradient is multiplied by -strength."""

    @staticmethod
    def forward(ctx: Any, x: Any, strength: Any) -> Any:
      ctx.save_for_backward(strength)
      return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
      return -ctx.saved_tensors[0] * grads[0], None

  return Reverse.apply
