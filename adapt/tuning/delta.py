"""DELTA: features held to the source model's, by attention (Li et al., ICLR 2019, arXiv:1901.09229)."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.tuning import Loss, Progress, Tuning, copied, penalised, penalty_in_loss, with_loss

_BATCHES = 4  # from which the attention is learnt, as in the authors' code


def delta(*, alpha: float = 0.64, beta: float = 0.01, temperature: float = 5.0) -> Tuning:
  """Trains everything, penalising features that differ from the source model's.

      min  loss + alpha/2 · d · E[Σᵢ aᵢ · (fᵢ − f⁰ᵢ)²] + beta/2 · ‖θ‖² (head)
      a = softmax(z / temperature)
      zᵢ: rise of the source model's CE without fᵢ, standardised over all i

  Both are features of the same inputs. The distance counts for every training pass whose batch
  statistics the method keeps; the head's decay is in the gradient alone, and there is no other weight
  decay. The attention a is learnt from the first four batches of labelled examples, of the target if
  the method reads such, else of the source; without labels it is even. The paper holds feature maps of
  four depths; here it is the last features, which a `Net` shows.

  Where re-implementations go wrong: the source model runs in evaluation mode and gets no gradient;
  the rises are standardised before a softmax with a temperature, or one channel takes all; and the
  authors sum over the batch where the label loss is a mean: their 0.01 with 64 examples is 0.64 here.

  Args:
    alpha: factor of the distance between features.
    beta: decay of the head.
    temperature: of the attention's softmax; a large one makes it even.
  """

  def wrap(net: Net, _: Progress) -> Net:
    def distance(features: jax.Array, stats: Any, x: jax.Array) -> jax.Array:
      start, attention = stats["start"], attention_of(stats["rises"][0], temperature)
      (fixed, _), _ = net.apply(start["params"], start["stats"], x, False, None)
      squares = (features - fixed) ** 2 @ attention  # [b]
      return alpha / 2 * features.shape[1] * squares.mean()

    return penalised(_started(net), distance)

  def pull(progress: Progress, weight_decay: float) -> optax.GradientTransformation:
    del progress, weight_decay  # the penalties take its place

    def decayed(updates: Any, params: Any) -> Any:
      if "head" not in updates:  # some methods train their heads on their own
        return updates
      head = jax.tree.map(lambda g, w: g + beta * w, updates["head"], params["head"])
      return {**updates, "head": head}

    return optax.stateless(decayed)

  return Tuning(wrap, pull, adjust=_adjust, outputs=("classes",))


def _started(net: Net) -> Net:
  """The network with its start, and what is known of its channels, beside its stats."""

  def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x)
    start = {"params": copied(params), "stats": copied(stats)}
    mean, batches = jnp.zeros(len(params["head"]["kernel"])), jnp.zeros((), jnp.int32)
    return params, {"inner": stats, "start": start, "rises": (mean, batches)}

  def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
    outputs, inner = net.apply(params, stats["inner"], x, train, key)
    return outputs, {**stats, "inner": inner}

  return Net(init, apply)


def _adjust(net: Net, method: Method) -> Method:
  """Puts the penalty into the loss, and a look at the channels before the first few of them."""
  few = bool({"labelled", "all_labelled"} & set(method.reads))

  def change(loss: Loss) -> Loss:
    def attentive(params: Any, state: Any, batch: Batch, key: Any, progress: Any) -> Any:
      stats, own = state["stats"], state["stats"]["inner"]
      start, (mean, n) = own["start"], own["rises"]
      x, y = (batch.xl, batch.yl) if few else (batch.xs, batch.ys)

      def look() -> Any:
        source = {**stats, "inner": {**own, "inner": start["stats"]}}
        (features, _), _ = net.apply(start["params"], source, x, False, None)
        return (n * mean + rises(features, start["params"]["head"], y)) / (n + 1), n + 1

      # Under vmap, as seeds are on an accelerator, both branches are computed at every step.
      known = lax.cond(n < _BATCHES, look, lambda: (mean, n))
      stats = {**stats, "inner": {**own, "rises": known}}
      return loss(params, {**state, "stats": stats}, batch, key, progress)

    return attentive

  adjusted = penalty_in_loss(net, method)
  return with_loss(adjusted, change) if few or "source" in method.reads else adjusted


def rises(
  features: Float[Array, "b d"], head: dict[str, jax.Array], labels: Int[Array, " b"]
) -> Float[Array, " d"]:
  """Rise of the mean cross-entropy as each channel is set to zero."""
  logits = features @ head["kernel"] + head["bias"]

  def without(channel: tuple[jax.Array, jax.Array]) -> jax.Array:
    feature, row = channel  # [b], [k]
    return ops.cross_entropy(logits - feature[:, None] * row, labels).mean()

  alone = lax.map(without, (features.T, head["kernel"]), batch_size=64)
  return alone - ops.cross_entropy(logits, labels).mean()


def attention_of(rises: Float[Array, " d"], temperature: float) -> Float[Array, " d"]:
  """Shares of the channels, with sum 1; equal for equal rises."""
  spread = jnp.std(rises)
  standard = (rises - rises.mean()) / jnp.where(spread > 0, spread, 1.0)
  return jax.nn.softmax(standard / temperature)
