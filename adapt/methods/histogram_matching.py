"""Histogram matching: source inputs with the target's histograms (Abramov et al., 2020, arXiv:2005.12551)."""

import functools
import warnings
from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.augment.image_ops import as_float
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def histogram_matching(net: Net, *, weight: Annotated[float, Range(0.0, 1.0)] = 1.0) -> Method:
  """Trains on source inputs whose channels have a target input's histogram.

      min  CE(p(x̃ₛ), yₛ)      x̃ₛ = xₛ + weight · (Fₜ⁻¹(Fₛ(xₛ)) − xₛ)
      F(v): share of the values at most v in one channel of one input

  Each source image of a batch takes the histogram of the target image beside it, channel by channel; a
  pixel's rank among its image's pixels stays, so its label holds. The target is read for that alone.
  Inputs become numbers in [-1, 1] on the device before. Series have the histogram of each channel over
  time.

  Departs from the authors' code in when it matches, there once, before training, with a target image
  drawn for each; and in what is trained, there a detector on matched and unmatched images.

  Where re-implementations go wrong: a table of 256 levels rounds what networks see as floats; and
  levels that the target lacks are filled by their neighbours, not left at 0.

  Args:
    weight: how far inputs are moved: 0 leaves them, 1 matches.
  """
  ops.check_shares(weight=weight)

  def init(key, batch: Batch):
    if batch.xs.ndim < 3:
      message = "histogram_matching leaves vectors as they are, which have no histograms"
      warnings.warn(message, stacklevel=2)
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    xs = as_float(batch.xs)
    seen = xs + weight * (matched(xs, as_float(batch.xt)) - xs)
    (_, ls), stats = net.apply(params["net"], state["stats"], seen, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    return label_loss, ({"stats": stats}, {"label_loss": label_loss})

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values", "pixels"))


def matched(xs: Float[Array, "b *p c"], xt: Float[Array, "b *p c"]) -> Float[Array, "b *p c"]:
  """Inputs with the histograms of others, by pairs and channels.

  Vectors stay as they are. A value with the share q of its channel at or below it becomes the value
  with that share in the other channel, linear between those that occur there.
  """
  if xs.ndim < 3:
    return xs

  def channel(source: jax.Array, target: jax.Array) -> jax.Array:
    ordered = jnp.sort(target)
    below = functools.partial(jnp.searchsorted, side="right")
    at_most = lambda values, x: below(values, x) / len(x)
    return jnp.interp(at_most(jnp.sort(source), source), at_most(ordered, ordered), ordered)

  flat = lambda x: x.reshape(len(x), -1, x.shape[-1])
  over = jax.vmap(jax.vmap(channel, in_axes=-1, out_axes=-1))
  return over(flat(xs), flat(xt)).reshape(xs.shape)
