"""Domain critic: a small MLP from features to logits."""

from typing import Any

import flax.linen as nn
import jax

from adapt.losses.adversarial import Critic
from adapt.models.layers import Dense

_WIDEST, _DEEPEST = 100_000, 100


class Module(nn.Module):
  width: int
  depth: int
  normed: bool
  outputs: int

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    for _ in range(self.depth):
      x = Dense(self.width)(x)
      # Always the batch's own statistics: a critic is only ever used in training. They let it keep
      # up with moving features; without them it learns so slowly that nothing has to adapt.
      x = nn.relu(nn.BatchNorm(use_running_average=False)(x) if self.normed else x)
    scores = Dense(self.outputs)(x)
    return scores[..., 0] if self.outputs == 1 else scores


def critic(width: int, depth: int, *, normed: bool = True, outputs: int = 1) -> Critic:
  """`depth` hidden layers of `width` units; linear for depth 0.

  The layers are batch-normalised if `normed`. Logits are [b], of several outputs [b, outputs].

  Raises:
    ValueError: a width or a depth that no network has.
  """
  if not 1 <= width <= _WIDEST:
    raise ValueError(f"width is {width}: choose 1 to {_WIDEST}")
  if not 0 <= depth <= _DEEPEST:
    raise ValueError(f"depth is {depth}: choose 0 (a linear critic) to {_DEEPEST}")
  module = Module(width, depth, normed, outputs)

  def apply(params: Any, features: jax.Array) -> jax.Array:
    logits, _ = module.apply({"params": params}, features, mutable=["batch_stats"])
    return logits

  return Critic(lambda key, features: module.init(key, features)["params"], apply)
