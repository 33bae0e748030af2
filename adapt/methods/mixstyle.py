"""MixStyle: feature maps in the styles of other examples (Zhou et al., 2021, arXiv:2104.02008)."""

import warnings
from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import ops, styles
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.stages import between_stages

FAMILY = "robust over source domains"


def mixstyle(
  net: Net,
  *,
  alpha: float = 0.1,
  chance: Annotated[float, Range(0.0, 1.0)] = 0.5,
  stages: int = 3,
) -> Method:
  """Trains on feature maps in styles mixed with other examples'.

      min  CE(pₛ, yₛ)      after each of the stages, with probability chance:
      m ← sg(s̃) · (m − sg(μ)) / sg(s) + sg(μ̃),  a map's channel
      μ̃ = λ μ + (1 − λ) μ′,  s̃ = λ s + (1 − λ) s′,  λ ~ Beta(alpha, alpha)
      μ, s: its mean and deviation;  μ′, s′: those of the batch, shuffled

  Neither the target nor an example's domain is looked at, so that one source suffices. It works where
  maps get smaller within convolutional networks of this package; other networks of images are refused,
  and vectors stay as they are.

  Departs from the authors' code in nothing of its random form, whose shuffling may leave an example
  with itself; its other form, partners of another domain, is left out. Small networks are ours: their
  stages end before a strided or pooled convolution. Where devices share a batch under pmap, each mixes
  among its own examples.

  Where re-implementations go wrong: the moments are constants, so that no gradient wants a style;
  what is mixed is the deviation, not the variance; each example has a share of its own; and nothing
  is mixed in evaluation.

  Args:
    alpha: both parameters of the Beta distribution; 0.1 in the paper.
    chance: share of the steps in which a stage's maps are mixed; 0.5 in the paper.
    stages: after how many of a network's first stages; the paper compares one to three.
  """
  ops.check_shares(chance=chance)
  if not isinstance(alpha, jax.Array) and not alpha > 0:
    raise ValueError(f"alpha is {alpha}: choose a number above 0")

  def init(key, batch: Batch):
    if batch.xs.ndim < 3:
      warnings.warn("mixstyle leaves vectors as they are, which have no maps", stacklevel=2)
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_mix = jax.random.split(key)

    def change(stage: int, maps: jax.Array) -> jax.Array:
      k_pair, k_share, k_chance = jax.random.split(jax.random.fold_in(k_mix, stage), 3)
      other = jax.random.permutation(k_pair, len(maps))
      own = jax.random.beta(k_share, alpha, alpha, (len(maps),))
      mixed = styles.maps_mixed(maps, other, own)
      return jnp.where(jax.random.bernoulli(k_chance, chance), mixed, maps)

    with between_stages(change, stages) as changed:
      (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, k_net)
    if batch.xs.ndim >= 3 and not changed:
      raise ValueError(
        "mixstyle finds no stage in this network whose maps get smaller: choose --model lenet, "
        "resnet50 or another convolutional one"
      )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    return label_loss, ({"stats": stats}, {"label_loss": label_loss})

  return Method(init, loss, nets.predictor(net), reads=("source",), outputs=("classes", "values"))
