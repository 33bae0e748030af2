"""Co-Tuning: a source and a target head supervise together (You et al., NeurIPS 2020)."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.method import Batch, Method, Net, Params, State
from adapt.tuning import Loss, Progress, Tuning, carrying, copied, with_loss


def co_tuning(*, weight: float = 2.3) -> Tuning:
  """Trains everything, and the source model's head on the source's classes.

      min  loss + weight · CE(rₜ, t[yₜ])     r: the source head's probabilities
      t[y] = E[p⁰ₜ]  over the labelled examples of class y seen so far

  t[y] is what the source model predicts for labelled target examples of class y on the mean (the
  paper's direct approach). The labelled examples' training pass is run once more for it and leaves
  batch statistics alone. In our tasks source and target share their classes, so both heads start as
  the source model's; the paper's target head starts at random.

  Where re-implementations go wrong: the probabilities are those of the source model as it was, in
  evaluation mode, not of the network in training; the source head and the features under it train,
  or nothing of it reaches the body; and the labels are soft: their argmax is another method. The
  paper computes them before training, over all labelled examples; here they are the mean over those
  seen so far, the same after one epoch. Left out: the calibration of the source model, which needs
  held-out source examples, and the paper's second way to the same table, by logistic regression.

  Args:
    weight: factor of the source head's loss (the paper's λ).
  """

  def wrap(net: Net, progress: Progress) -> Net:
    del progress

    def init(key: jax.Array, x: jax.Array) -> tuple[Any, Any]:
      params, stats = net.init(key, x)
      return {**params, "source_head": copied(params["head"])}, stats

    def apply(params: Any, stats: Any, x: jax.Array, train: bool, key: jax.Array | None) -> Any:
      own = {name: entry for name, entry in params.items() if name != "source_head"}
      return net.apply(own, stats, x, train, key)

    return Net(init, apply)

  def adjust(net: Net, method: Method) -> Method:
    def change(loss: Loss) -> Loss:
      def together(params: Any, state: Any, batch: Batch, key: Any, progress: Any) -> Any:
        value, (new, metrics) = loss(params, state, batch, key, progress)
        seen = _observed(net, state["co_tuning"], batch)
        # The method's own key: where its pass is the same, the compiler makes one of the two.
        (fl, _), _ = net.apply(params["net"], state["stats"], batch.xl, True, key)
        head = params["net"]["source_head"]
        logits = fl @ head["kernel"] + head["bias"]
        source_loss = jnp.mean(soft_cross_entropy(logits, relationship(seen, batch.yl)))
        metrics = {**metrics, "source_head_loss": source_loss}
        return value + weight * source_loss, ({**new, "co_tuning": seen}, metrics)

      return together

    return with_loss(carrying(method, "co_tuning", _begun), change)

  return Tuning(wrap, adjust=adjust, reads=("labelled", "all_labelled"), outputs=("classes",))


def _begun(params: Params, state: State) -> dict[str, Any]:
  k = len(params["net"]["source_head"]["bias"])
  sums = {"sums": jnp.zeros((k, k)), "counts": jnp.zeros(k)}
  return {"params": copied(params["net"]), "stats": copied(state["stats"]), **sums}


def _observed(net: Net, seen: dict[str, Any], batch: Batch) -> dict[str, Any]:
  """The memory with one more batch of labelled examples in it."""
  (_, logits), _ = net.apply(seen["params"], seen["stats"], batch.xl, False, None)
  classes = jax.nn.one_hot(batch.yl, logits.shape[1])  # [b, k]
  sums = seen["sums"] + classes.T @ jax.nn.softmax(logits)
  return {**seen, "sums": sums, "counts": seen["counts"] + classes.sum(axis=0)}


def relationship(seen: dict[str, Any], labels: Int[Array, " b"]) -> Float[Array, "b k"]:
  """p(source class | target class) for each example's target class.

  The values are constants for gradients.
  """
  table = seen["sums"] / jnp.maximum(seen["counts"], 1.0)[:, None]
  return lax.stop_gradient(table[labels])


def soft_cross_entropy(
  logits: Float[Array, "b k"], shares: Float[Array, "b k"]
) -> Float[Array, " b"]:
  """Cross-entropy of label distributions, per example, in nats."""
  return -jnp.sum(shares * jax.nn.log_softmax(logits), axis=-1)
