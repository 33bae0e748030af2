"""DeYO: entropy steps on examples named by their shape (Lee et al., 2024, arXiv:2403.07366)."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from adapt.augment import test_time_views
from adapt.losses import ops
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import online
from adapt.streams.online import Online


def deyo(
  forward: Forward,
  *,
  rate: jax.Array | float = 2.5e-4,
  margin: jax.Array | float = 0.5,
  even: jax.Array | float = 0.4,
  drop: jax.Array | float = 0.2,
  parts: int = 4,
) -> Online:
  """Tent on sure examples that are named by their shape.

  Their class loses probability once the image's tiles are shuffled.

  Used are examples of an entropy below a margin whose predicted class's probability is lower by
  more than `drop` in the shuffled image. The surer and the larger the drop, the more they
  weigh. No example used: no step.

  Departs from the authors' code in that all norms move, where it leaves out those of its networks' last
  block, and in images whose sides are no multiples of the tiles, which are refused here and resized there.

  Where re-implementations go wrong: gradients through the weights or the shuffled image, one
  permutation for a whole batch, shuffled images normalised together with those that were filtered out.

  Args:
    forward: the network.
    rate: of SGD with momentum 0.9.
    margin: of the entropy, as a part of log(classes); 0.5 in the paper.
    even: the entropy of weight 1, as a part of log(classes); 0.4 in the paper.
    drop: least fall of the predicted class's probability; 0.2 in the paper.
    parts: tiles along each side; 4 in the paper. Entries of vectors are shuffled one by one.

  Raises (when started or stepped):
    ValueError: no normalisation layers, or an image that cannot be cut into the tiles.
  """
  optimizer = optax.sgd(rate, momentum=0.9)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "deyo")
    return norms, optimizer.init(norms), jnp.int32(0), (rest, stats)

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    norms, moments, count, (rest, stats) = state
    key = jax.random.fold_in(jax.random.key(0), count)
    broken = test_time_views.shuffled(key, x, parts, forward.net.kind)

    def loss(norms: Any) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
      logits = forward(nets.joined(norms, rest), stats, x, source=0.0)[1]
      entropy, most = ops.entropy(logits), math.log(logits.shape[-1])
      whole = jax.lax.stop_gradient(jax.nn.softmax(logits))
      sure = entropy < margin * most
      now = jax.lax.stop_gradient(nets.joined(norms, rest))
      found = forward(now, stats, broken, source=0.0, weights=sure.astype(jnp.float32))[1]
      own = whole.argmax(axis=-1)[:, None]
      fall = jnp.take_along_axis(whole - jax.nn.softmax(found), own, axis=1)[:, 0]
      used = sure & (fall > drop)
      weights = jnp.exp(even * most - jax.lax.stop_gradient(entropy)) + jnp.exp(fall)
      mean = jnp.where(used, entropy * weights, 0.0).sum() / jnp.maximum(used.sum(), 1)
      return mean, (logits, used)

    gradient, (logits, used) = jax.grad(loss, has_aux=True)(norms)
    updates, after = optimizer.update(gradient, moments)
    new = optax.apply_updates(norms, updates), after
    kept = jax.tree.map(lambda a, b: jnp.where(used.any(), a, b), new, (norms, moments))
    return logits, (*kept, count + 1, (rest, stats))

  return Online(init, step)
