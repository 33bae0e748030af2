"""A series' spectrum under a learnt filter (He et al., 2023, arXiv:2302.03133)."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.augment.image_ops import as_float
from adapt.losses import ops
from adapt.models import head as heads
from adapt.models.cnn1d import as_series

_EPS = 1e-5  # of batch-norm


def series(x: jax.Array) -> Float[Array, "b t c"]:
  """Inputs as series of numbers; a vector has one channel.

  Raises:
    ValueError: tokens.
  """
  ops.check_numbers(x, "raincoat takes frequencies of")
  return as_float(x)[:, :, None] if x.ndim == 2 else as_series(as_float(x))


def spectrum(
  frequency: dict[str, Any], x: Float[Array, "b t c"]
) -> tuple[jax.Array, Float[Array, "b m2"]]:
  """Filtered low frequencies of the series' cosine, and their features.

  The frequencies are [b, m, c], the features m amplitudes and m phases, smoothed over neighbours and
  summed over channels.
  """
  real, imaginary = frequency["filter"]
  low = jnp.fft.rfft(jnp.cos(x), axis=1, norm="ortho")[:, : len(real)]
  low = jnp.einsum("bmi,mio->bmo", low, real + 1j * imaginary)
  there = jnp.abs(low) ** 2 > 1e-12
  safe = jnp.where(there, low, 1.0)  # both branches of a where are differentiated
  parts = [jnp.where(there, v, 0.0) for v in (jnp.abs(safe), jnp.arctan2(safe.imag, safe.real))]
  h = jnp.pad(jnp.concatenate(parts, axis=1), ((0, 0), (1, 1), (0, 0)))  # [b, 2 m + 2, c]
  n = h.shape[1] - 2
  return low, sum(h[:, i : i + n] @ frequency["smooth"][i] for i in range(3))


def start(
  keys: Sequence[jax.Array], x: Float[Array, "b t c"], features: jax.Array, modes: int
) -> tuple[Any, Any, Any]:
  """Parameters of filter and decoder, and a batch-norm's running statistics."""
  k_filter, k_smooth, k_decoder = keys
  _, t, c = x.shape
  m = min(modes, t // 2 + 1)
  frequency = {
    "filter": jax.random.uniform(k_filter, (2, m, c, c)) / c**2,  # real and imaginary parts
    "smooth": heads.start(k_smooth, jnp.zeros((1, 3 * c)), 1)["kernel"].reshape(3, c),
    "norm": _norm(2 * m),
  }
  decoder = {**heads.start(k_decoder, features, t * c), "low": _norm(c), "high": _norm(c)}
  return frequency, decoder, {"mean": jnp.zeros(2 * m), "var": jnp.ones(2 * m)}


def missed_by(
  decoder: Any, features: Float[Array, "b d"], low: jax.Array, x: Float[Array, "b t c"]
) -> Float[Array, ""]:
  """Sum of a decoder's absolute errors.

  It adds the filtered low frequencies, as steps, and what the network's features, the last of those that
  are given, say of the rest.
  """
  time = features[:, -decoder["kernel"].shape[0] :]
  parts = {
    "low": jnp.fft.irfft(low, n=x.shape[1], axis=1),
    "high": heads.logits(decoder, time).reshape(x.shape),
  }
  seen = {k: {"mean": v.mean(axis=(0, 1)), "var": v.var(axis=(0, 1))} for k, v in parts.items()}
  slow, fast = (scaled(decoder[k], parts[k], seen[k]) for k in ("low", "high"))
  return jnp.abs(slow + jax.nn.relu(fast) - x).sum()


def _norm(n: int) -> dict[str, jax.Array]:
  return {"scale": jnp.ones(n), "shift": jnp.zeros(n)}


def scaled(norm: Any, h: jax.Array, seen: Any) -> jax.Array:
  """Values normalised by what was seen, then scaled and shifted."""
  return (h - seen["mean"]) / jnp.sqrt(seen["var"] + _EPS) * norm["scale"] + norm["shift"]
