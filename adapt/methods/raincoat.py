"""RAINCOAT: features of time and frequency, transported together (He et al., 2023, arXiv:2302.03133)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import memory_bank, ops, optimal_transport
from adapt.losses.kernels import squared_distances
from adapt.method import Batch, Method, Net
from adapt.methods._spectrum import missed_by, scaled, series, spectrum, start
from adapt.methods._two_classifiers import whole
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "optimal transport"


def raincoat(
  net: Net,
  *,
  weight: float = 1.0,
  reconstruct: float = 0.0001,
  modes: int = 64,
  temperature: Annotated[float, Range(0.02, 1.0, "log")] = 0.1,
  epsilon: Annotated[float, Range(0.0001, 1.0, "log")] = 0.001,
  iterations: int = 100,
) -> Method:
  """Trains features of time and of frequency by transport and by reconstruction.

      min  CE(pₛ, yₛ) + weight · Σᵢⱼ Πᵢⱼ · Cᵢⱼ + reconstruct · Σ|x̂ − x|
      f = [h, g] / ‖[h, g]‖,  ℓ = Wᵀf / temperature;  g: the network's f
      h: of the filtered low frequencies;  x̂: decoded from these, plus from g
      Π = sg(argmin Σᵢⱼ Πᵢⱼ · Cᵢⱼ − epsilon · H(Π)),  Cᵢⱼ = ‖fᵢₛ − fⱼₜ‖²

  The network's features stand beside amplitudes and phases of the input's low frequencies, which a learnt
  filter changes. The entropic transport between both domains' features is to cost little, and a decoder
  is to find the inputs again. Each domain has its own batch-norm passes, as in the authors' code. A
  vector is a series of one channel, and an image one of its rows.

  Of the authors' code this follows the newest; until June 2023 it had amplitudes alone, by layer-norm.

  Departs from the authors' code in the second stage, left out here: it reconstructs alone, and is there
  to find unknown classes; in the plan, a constant for the gradient here, whose iterations stop early
  there; in the decoder's batch-norm, whose epsilon is the number of steps there; and in the model, there
  the best of all epochs on the target's labels.

  Where re-implementations go wrong: the reconstruction's error is a sum over a batch, steps and channels,
  so that its factor is small; the spectrum is of the input's cosine; the phase has no gradient where the
  amplitude is 0; and logits of unit features need the temperature.

  Args:
    weight: factor of the transport's cost; 1 in the authors' code.
    reconstruct: factor of the summed absolute error; 0.0001 in the authors' code.
    modes: frequencies that are kept, from 0; 64 of 65 for human activity there.
    temperature: divides the logits; 0.1 in the authors' code.
    epsilon: strength of the transport's entropy; 0.001 in the authors' code.
    iterations: of Sinkhorn's algorithm, at most 1000 there.
  """
  if modes < 1 or iterations < 1:
    raise ValueError(f"modes is {modes} and iterations is {iterations}: choose at least 1 of each")

  def init(key, batch: Batch):
    k_net, k_head, *keys = jax.random.split(key, 5)
    params, stats, features = nets.start(net, k_net, batch)
    body, own = heads.split(params)
    frequency, decoder, seen = start(keys, series(batch.xs), features, modes)
    fused = jnp.zeros((1, features.shape[1] + len(seen["mean"])))
    classifier = {"kernel": heads.start(k_head, fused, own["kernel"].shape[-1])["kernel"]}
    params = {"net": body, "frequency": frequency, "decoder": decoder, "classifier": classifier}
    return params, {"stats": stats, "head": own, "spectrum": seen}

  def encode(params, state, x, train, key):
    (time, _), stats = net.apply(whole(params, state), state["stats"], x, train, key)
    low, h = spectrum(params["frequency"], series(x))
    kept = {"mean": h.mean(axis=0), "var": h.var(axis=0)} if train else state["spectrum"]
    h = jax.nn.relu(scaled(params["frequency"]["norm"], h, kept))
    state = {**state, "stats": stats, "spectrum": ops.ema(state["spectrum"], kept, 0.9)}
    return memory_bank.unit(jnp.concatenate([h, time], axis=1)), low, state

  def loss(params, state, batch: Batch, key, progress):
    k_source, k_target = jax.random.split(key)
    fs, low_s, state = encode(params, state, batch.xs, True, k_source)
    ft, low_t, state = encode(params, state, batch.xt, True, k_target)
    ls = fs @ params["classifier"]["kernel"] / temperature
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    cost = squared_distances(fs, ft)
    transport = jnp.sum(optimal_transport.plan(cost, epsilon, iterations) * cost)
    pairs = ((fs, low_s, batch.xs), (ft, low_t, batch.xt))
    missed = sum(missed_by(params["decoder"], f, low, series(x)) for f, low, x in pairs)
    metrics = {"label_loss": label_loss, "transport": transport, "missed": missed}
    return label_loss + weight * transport + reconstruct * missed, (state, metrics)

  def predict(params, state, x):
    features, _, _ = encode(params, state, x, False, None)
    return features, features @ params["classifier"]["kernel"] / temperature

  return Method(init, loss, predict)
