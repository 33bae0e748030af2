"""AdvSKM: an MMD under a learnt spectral kernel (Liu and Xue, 2021, doi:10.24963/ijcai.2021/378)."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net, Phase
from adapt.models import head, nets

FAMILY = "moment matching"

_EPS = 1e-3  # of the batch-norm, as in the authors' code


def advskm(
  net: Net,
  *,
  weight: float = 1.0,
  climb: float = 1.0,
  inner: int = 1,
  width: int = 256,
  hybrid: bool = True,
) -> Method:
  """Trains features with close means under a kernel learnt against them.

      1. kernel   min  −climb · ‖E φ(fₛ) − E φ(fₜ)‖²      (inner times)
      2. network  min  CE(pₛ, yₛ) + weight · ‖E φ(fₛ) − E φ(fₜ)‖²
      φ: two layers (cos z₁, max(0, z₂)),  (z₁, z₂) = batch-norm(A x + a)

  The kernel is ⟨φ(f), φ(f′)⟩: random Fourier features whose frequencies are learnt. Hybrid layers, as
  above, have cosines in one half of the units, and a rectifier in the other. Both domains share each
  pass, of the network and of the layers, as in the authors' code.

  Departs from the authors' code in the optimiser, there Adam at 0.0001 for each player; in the layers'
  first weights, there within 0.05, next to which the steps of other optimisers are large; and in the
  batch-norm of a hybrid layer (their `smd2`), whose learnt scale and shift serve both halves there and
  the cosines alone here: with them the rectified half has no bound, and larger steps make the distance
  infinite. Their `smd` is not hybrid.

  Where re-implementations go wrong: the distance of means is the whole MMD, as the layers are the
  kernel's features, and no Gaussian kernel is put on top; AdaTime's takes its distance with gradients
  switched off, so that nothing adapts and source_only is compared; the layers only climb and the network
  only descends; and both domains are normalised together, as means of a domain on its own would agree.

  Args:
    weight: factor of the distance in the network's loss; 1 in the authors' code.
    climb: factor of the distance in the layers' loss, which without Adam sets their rate; 1 there.
    inner: steps of the kernel for one of the network; 1 in the authors' code.
    width: units of the first layer; the second has half.
    hybrid: whether half of the units are rectified; False for cosines alone.
  """
  if inner < 1:
    raise ValueError(f"inner is {inner}: choose at least 1")
  if not (4 <= width <= 100_000 and width % 4 == 0):
    raise ValueError(
      f"width is {width}: choose a multiple of 4, as halves of halves are made of it"
    )

  def init(key, batch: Batch):
    k_net, *keys = jax.random.split(key, 3)
    params, stats, features = nets.start(net, k_net, batch)
    first = _layer(keys[0], features, width, hybrid)
    second = _layer(keys[1], jnp.zeros((1, width)), width // 2, hybrid)
    layers = {"a": first, "b": second}
    return {"net": params, "layers": layers}, {"stats": stats}

  def run(params, state, batch: Batch, key):
    source, target, stats = nets.both(net, params["net"], state["stats"], batch, key, joint=True)
    apart = distance(params["layers"], source[0], target[0])
    return source[1], apart, {"stats": stats}

  def tell_apart(params, state, batch: Batch, key, progress):
    _, apart, _ = run(params, state, batch, key)
    return -climb * apart, (state, {"apart": apart})

  def approach(params, state, batch: Batch, key, progress):
    ls, apart, state = run(params, state, batch, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    metrics = {"label_loss": label_loss, "mmd_loss": apart}
    return label_loss + weight * apart, (state, metrics)

  phases = (Phase(tell_apart, ("layers",), inner), Phase(approach, ("net",)))
  return Method(init, phases, nets.predictor(net), outputs=("classes", "values", "pixels"))


def distance(
  layers: dict[str, Any], fs: Float[Array, "n d"], ft: Float[Array, "m d"]
) -> Float[Array, ""]:
  """Squared distance between the means of two samples' spectral features."""
  x = jnp.concatenate([fs, ft])
  for _, layer in sorted(layers.items()):
    x = _spectral(layer, x)
  return jnp.sum((x[: len(fs)].mean(axis=0) - x[len(fs) :].mean(axis=0)) ** 2)


def _layer(key: jax.Array, inputs: jax.Array, units: int, hybrid: bool) -> dict[str, jax.Array]:
  """Parameters of a layer on inputs [b, d]: those of a dense one, and the cosines' scale and shift."""
  waves = units // 2 if hybrid else units
  norm = {"scale": jnp.ones(waves), "shift": jnp.zeros(waves)}
  return {**head.start(key, inputs, units), **norm}


def _spectral(layer: dict[str, jax.Array], x: Float[Array, "b d"]) -> jax.Array:
  """Output [b, units] of a layer: cosines, and rectified units after them in a hybrid one."""
  h = x @ layer["kernel"] + layer["bias"]
  h = (h - h.mean(axis=0)) / jnp.sqrt(h.var(axis=0) + _EPS)
  waves, rest = jnp.split(h, [len(layer["scale"])], axis=1)
  waves = waves * layer["scale"] + layer["shift"]
  return jnp.concatenate([jnp.cos(waves), jax.nn.relu(rest)], axis=1)
