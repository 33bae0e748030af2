"""DACS: a mean teacher on images mixed by class (Tranheden et al., 2021, arXiv:2007.08702)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from adapt.augment import weak_and_strong
from adapt.augment.image_ops import as_float
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def dacs(
  net: Net,
  *,
  weight: float = 1.0,
  decay: Annotated[float, Range(0.9, 0.999)] = 0.99,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.968,
  jitter: float = 0.25,
  noise: float = 0.1,
) -> Method:
  """Trains on source labels, and on target images with pasted source classes.

      min  CE(pₛ, yₛ) + weight · E[(m + (1 − m) · s) · CE(p(x), y)]
      x = m · xₛ + (1 − m) · xₜ,  y = m · yₛ + (1 − m) · ŷ,  ŷ by θ′ of xₜ
      m: 1 on half of xₛ's classes, else 0      s = E 1[max p ≥ threshold] by θ′

  Half of the classes of a source image, rounded up and drawn anew, are pasted into the target image
  beside it, so that rare classes, of which a self-trained network says less and less, come back with the
  source's pixels. The teacher θ′ is the average of the student's parameters, of all steps so far until
  that is longer than `decay` reaches; it sees target images as they are, under their own batch
  statistics; the student sees mixed images in other colours and blurred, and predicts. Where one class is
  predicted for an example nothing can be pasted: the teacher labels it.

  Departs from the authors' code in colours and blur, drawn there once for a batch, here for each image; in
  crops of 512 pixels, which are left out; and in the optimiser, there SGD at 0.00025 on a backbone trained
  on COCO, for 250,000 steps of 2 images.

  Where re-implementations go wrong: s is one number for the batch, not a mask; unscored pixels count in
  the mean, by 0; and they are a class that can be pasted, which hides what the teacher says there.

  Args:
    weight: factor of the loss of mixed images.
    decay: of the teacher's average, per step, once it is reached.
    threshold: confidence of the teacher from which a target pixel is sure.
    jitter: of the student's brightness, contrast, saturation and hue.
    noise: standard deviation of Gaussian noise on what is no image; of series, a part of each one's own.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    # Copied: a buffer that is in the state twice cannot be donated.
    teacher = jax.tree.map(jnp.copy, {"net": params, "stats": stats})
    return {"net": params}, {"stats": stats, "teacher": teacher, "age": jnp.zeros(())}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_teacher, k_paste, k_view = jax.random.split(key, 4)
    teacher = state["teacher"]
    (_, taught), own = net.apply(teacher["net"], teacher["stats"], batch.xt, True, k_teacher)
    sure = (jax.nn.softmax(taught).max(axis=-1) >= threshold).mean()
    pasted = drawn(k_paste, batch.ys, taught.shape[-1])
    mixed = mix(pasted, batch.xs, batch.xt)
    mixed = weak_and_strong.in_place(k_view, mixed, jitter, noise, net.kind)
    labels = jnp.where(pasted, batch.ys, taught.argmax(axis=-1))
    seen = batch._replace(xt=mixed)
    (_, ls), (_, lm), stats = nets.both(
      net, params["net"], state["stats"], seen, k_net, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    mixed_loss = (of_each(lm, labels) * jnp.where(pasted, 1.0, sure)).mean()
    metrics = {"label_loss": label_loss, "mixed_loss": mixed_loss, "sure": sure}
    state = {**state, "stats": stats, "teacher": {**teacher, "stats": own}}
    return label_loss + weight * mixed_loss, (state, metrics)

  def after_step(params, state):
    age = state["age"]
    kept = jnp.minimum(1 - 1 / (age + 1), decay)
    average = ops.ema(state["teacher"]["net"], params["net"], kept)
    return {**state, "teacher": {**state["teacher"], "net": average}, "age": age + 1}

  predict = nets.predictor(net)
  return Method(init, loss, predict, after_step, outputs=("classes", "pixels"))


def drawn(key: jax.Array, ys: Int[Array, " b *p"], k: int) -> Bool[Array, " b *p"]:
  """Which pixels are of the half of classes that is drawn.

  No example is, where labels have no pixels.

  Args:
    key: random key.
    ys: labels of pixels [b, h, w], below 0 where not scored, or of examples [b].
    k: number of classes.
  """
  if ys.ndim == 1:
    return jnp.zeros(ys.shape, bool)
  own = jnp.where(ys < 0, k, ys).reshape(len(ys), -1)  # what is not scored is a class of its own
  there = (own[:, :, None] == jnp.arange(k + 1)).any(axis=1)  # [b, k + 1]
  order = jnp.where(there, jax.random.uniform(key, there.shape), 2.0).argsort(axis=1)
  taken = order.argsort(axis=1) < (there.sum(axis=1, keepdims=True) + 1) // 2
  return jnp.take_along_axis(taken, own, axis=1).reshape(ys.shape)


def mix(pasted: Bool[Array, " b *p"], xs: jax.Array, xt: jax.Array) -> jax.Array:
  """Source inputs where pasted, target inputs elsewhere."""
  more = xs.ndim - pasted.ndim
  return jnp.where(pasted.reshape(*pasted.shape, *[1] * more), as_float(xs), as_float(xt))


def of_each(logits: Float[Array, "b *p k"], labels: Int[Array, " b *p"]) -> Float[Array, " b *p"]:
  """Cross-entropy of each pixel or example; 0 for labels below 0."""
  # A product, as the gradient of picking one is a slow scatter on a CPU.
  true = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
  return -(true * jax.nn.log_softmax(logits)).sum(axis=-1)
