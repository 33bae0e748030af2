"""FDA: source inputs under the target's low frequencies (Yang and Soatto, 2020, arXiv:2004.05498)."""

import math
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


def fda(
  net: Net,
  *,
  weight: float = 0.005,
  beta: Annotated[float, Range(0.0, 0.5)] = 0.05,
  power: float = 2.0,
) -> Method:
  """Trains on source inputs with target low-frequency amplitudes, and towards low entropy.

      min  CE(p(x̃ₛ), yₛ) + weight · E[(H(pₜ) / log k)^(2 · power)]
      x̃ₛ: xₛ with the Fourier amplitudes of xₜ at frequencies of at most
      beta · side along each axis

  Each source image of a batch takes the amplitudes of the target image beside it, channel by channel, in
  a square about frequency 0 (the paper's eq. 1–3), and keeps its own phases, so its labels hold. The
  target's entropy has the paper's penalty (eq. 5), which counts doubtful pixels more than sure ones.
  Inputs become numbers in [-1, 1] on the device before, and may leave that range after. Each domain has
  its own batch-norm pass. Series have one axis of frequencies, time.

  Departs from the authors' code in the rounds of self-training and the mean over several sizes of the
  square, which are left out; in its side, 0.01 there by default, for images many times larger; and in
  batch-norm, frozen there.

  Where re-implementations go wrong: the square is cut from a spectrum whose frequency 0 was not moved to
  the middle; and amplitudes are swapped for whole numbers of 0 to 255 but the network sees others.

  Args:
    weight: factor of the target's entropy penalty.
    beta: half the side of the square of frequencies, as a share of the shorter side of an image.
    power: exponent of the penalty, the paper's η, of the entropy squared.
  """

  def init(key, batch: Batch):
    if batch.xs.ndim < 3:
      warnings.warn("fda leaves vectors as they are, which have no frequencies", stacklevel=2)
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    seen = batch._replace(xs=transferred(batch.xs, batch.xt, beta, net.kind))
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], seen, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    shares = ops.entropy(lt) / math.log(lt.shape[-1])
    # The 1e-8 keeps the gradient at entropy 0 finite for small powers.
    entropy_loss = ((shares**2 + 1e-8) ** power).mean()
    metrics = {"label_loss": label_loss, "entropy_loss": entropy_loss}
    return label_loss + weight * entropy_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "pixels"))


def transferred(
  xs: Float[Array, "b *p c"],
  xt: Float[Array, "b *p c"],
  beta: jax.Array | float,
  kind: str = "image",
) -> Float[Array, "b *p c"]:
  """Source inputs with the target's amplitudes at low frequencies, by pairs.

  Vectors stay as they are.

  Args:
    xs: source inputs.
    xt: target inputs, of the same shape.
    beta: see `fda`.
    kind: what the inputs are, as in `Net.kind`; series have frequencies of time alone.
  """
  xs, xt = as_float(xs), as_float(xt)
  if xs.ndim < 3:
    return xs
  axes = (1,) if "series" in kind else (1, 2)
  source, target = (jnp.fft.fftn(x, axes=axes) for x in (xs, xt))
  low = jnp.ones((), bool)
  reach = jnp.floor(beta * min(xs.shape[axis] for axis in axes))
  for axis in axes:
    size = xs.shape[axis]
    frequency = jnp.abs(jnp.fft.fftfreq(size) * size)
    low = low & (frequency <= reach).reshape([-1 if a == axis else 1 for a in range(xs.ndim)])
  swapped = jnp.abs(target) * jnp.exp(1j * jnp.angle(source))
  return jnp.fft.ifftn(jnp.where(low, swapped, source), axes=axes).real.astype(xs.dtype)
