"""RSC: the features that decide most are muted (Huang et al., 2020, arXiv:2007.02454)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "robust over source domains"


def rsc(
  net: Net,
  *,
  muted: Annotated[float, Range(0.0, 0.5)] = 1 / 3,
  examples: Annotated[float, Range(0.0, 0.5)] = 1 / 3,
) -> Method:
  """Trains on features without those that speak most for the true class.

      min  CE(p(m · fₛ), yₛ)      m: 0 or 1, constant
      m = 0 for the features of largest ∂ℓ[yₛ] / ∂f, a share muted of them, in
      the examples whose p[yₛ] falls most by it, a share examples of the batch

  Neither the target nor an example's domain is looked at, so that one source suffices.

  Departs from the authors' code in the features, there whole maps, muted by place in half of the
  steps, here the vector that the head reads, as in DomainBed; in the share of examples, which grows
  there with the epochs; and in batch-norm, which runs in evaluation mode there for the mask.

  Where re-implementations go wrong: what is ranked is the gradient alone, not its product with the
  feature; the mask is a constant; and with a linear head the gradient is the class's own column,
  so that within a class the same features are muted in each example.

  Args:
    muted: share of the features that are muted; 1/3 in DomainBed.
    examples: share of the batch that they are muted in; 1/3 in DomainBed.
  """
  ops.check_shares(muted=muted, examples=examples)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    own = params["net"]["head"]
    kept = kept_features(jax.lax.stop_gradient((own, fs, ls)), batch.ys, muted, examples)
    logits = heads.logits(own, fs * kept)
    label_loss = ops.weighted_mean(net.output.loss(logits, batch.ys), batch.ws)
    metrics = {"label_loss": label_loss, "muted": 1 - kept.mean()}
    return label_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",))


def kept_features(
  outputs: tuple[heads.Params, Float[Array, "b d"], Float[Array, "b k"]],
  ys: jax.Array,
  muted: jax.Array | float,
  examples: jax.Array | float,
) -> Bool[Array, "b d"]:
  """Which features of which examples are not muted.

  Args:
    outputs: the head's parameters, the features that it reads and its logits.
    ys: true classes.
    muted: share of the features.
    examples: share of the examples.
  """
  head, features, logits = outputs
  rises = head["kernel"].T[ys]  # [b, d], of the true logit by each feature
  low = rises < jnp.quantile(rises, 1 - muted, axis=1, keepdims=True)
  true = jnp.arange(len(ys)), ys
  before, after = (
    jax.nn.softmax(found)[true] for found in (logits, heads.logits(head, features * low))
  )
  lost = before - after
  spared = lost < jnp.quantile(lost, 1 - examples)
  return low | spared[:, None]
