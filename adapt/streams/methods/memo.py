"""MEMO: one example, many views, one step on their mean's entropy (Zhang et al., 2022, arXiv:2110.09506)."""

from typing import Any

import jax

from adapt.augment import test_time_views
from adapt.losses import ops
from adapt.models.test_time import Forward
from adapt.streams.online import Online


def memo(
  forward: Forward,
  *,
  rate: jax.Array | float = 0.005,
  prior: jax.Array | float = 16.0,
  views: int = 32,
  mirror: bool = False,
  noise: jax.Array | float = 0.1,
) -> Online:
  """Adapts all weights to each example, predicts it, and forgets.

  One gradient step lowers the entropy of the mean prediction over views, and the adapted model
  predicts the example as it came. Norms take N / (N + 1) of the source's statistics. Nothing is kept, so
  neither the batch nor its order matters.

  Departs from the authors' code in its views, which are those of `augment.test_time_views` and not AugMix,
  and in no flips unless asked for.

  Where re-implementations go wrong: the mean entropy of views for the entropy of their mean, a view
  predicted in place of the example, weights that go on to the next example, one step for a whole batch.

  Args:
    forward: the network.
    rate: of plain gradient descent; 0.005 for CIFAR-10 in the paper.
    prior: N, how many examples the source's statistics count for; 16 in the paper.
    views: of each example; 32 in the authors' script for CIFAR-10.
    mirror: whether views of images are flipped; True in the paper, False for digits.
    noise: of views that are no images, in the inputs' units.
  """
  source = prior / (prior + 1)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    return params, stats

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    params, stats = state

    def one(args: tuple[jax.Array, jax.Array]) -> jax.Array:
      key, example = args
      copies = example[None].repeat(views, axis=0)
      seen = test_time_views.view(key, copies, noise, mirror, forward.net.kind)
      gradient = jax.grad(
        lambda p: ops.marginal_entropy(forward(p, stats, seen, source=source)[1])
      )(params)
      adapted = jax.tree.map(lambda p, g: p - rate * g, params, gradient)
      return forward(adapted, stats, example[None], source=source)[1][0]

    keys = jax.random.split(jax.random.key(0), len(x))
    # One after the other: each has weights of its own, of which there is room for one.
    return jax.lax.map(one, (keys, x)), state

  return Online(init, step)
