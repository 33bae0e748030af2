"""Discrepancies of each class of one domain with each of another."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses.kernels import squared_distances

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of a pair's bandwidth


def mmd(
  fs: Float[Array, "n d"],
  ft: Float[Array, "m d"],
  ys: Int[Array, " n"],
  yt: Int[Array, " m"],
  classes: int,
) -> Float[Array, "k k"]:
  """Squared MMD of each source class with each target class.

  Source: Kang et al., CAN (2019, arXiv:1901.00976), equation 3; kernels as in the authors' code, which
  adds up five around the mean squared distance of the pair's distinct examples. Where
  re-implementations go wrong: each pair has its own bandwidth, also for the kernels within its
  classes; it is a constant for the gradient; and means within a class are over all pairs, an example
  with itself included.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    ys: source labels [n].
    yt: target labels [m]; -1 for an example that takes no part.
    classes: k.

  Returns:
    [source class, target class], each between 0 and 10; 0 where a domain lacks either of the two.
  """
  of_s, of_t = jax.nn.one_hot(ys, classes), jax.nn.one_hot(yt, classes)
  ns, nt = of_s.sum(axis=0), of_t.sum(axis=0)
  ws, wt = of_s / jnp.maximum(ns, 1), of_t / jnp.maximum(nt, 1)
  ss, tt, st = squared_distances(fs, fs), squared_distances(ft, ft), squared_distances(fs, ft)
  with jax.default_matmul_precision("highest"):  # tensor cores would round what is subtracted
    within = ((of_s.T @ ss) * of_s.T).sum(axis=1)[:, None] + ((of_t.T @ tt) * of_t.T).sum(axis=1)
    n = ns[:, None] + nt
    scale = (within + 2 * of_s.T @ st @ of_t) / jnp.maximum(n * (n - 1), 1)
    scale = lax.stop_gradient(scale)  # [k, k]
    # A pair within a class has a kernel for each class of the other domain, one across has one.
    own_s = jnp.einsum("ic,jc,ijd->cd", ws, ws, _kernel(ss[:, :, None], (of_s @ scale)[:, None]))
    own_t = jnp.einsum("ic,jc,ijd->dc", wt, wt, _kernel(tt[:, :, None], (of_t @ scale.T)[:, None]))
    found = own_s + own_t - 2 * ws.T @ _kernel(st, of_s @ scale @ of_t.T) @ wt
  there = (ns > 0) & (nt > 0)
  return jnp.where(there[:, None] & there, found, 0.0)


def _kernel(distances: jax.Array, scale: jax.Array) -> jax.Array:
  """The sum of Gaussian kernels at multiples of a bandwidth."""
  found = [jnp.exp(-distances / jnp.maximum(m * scale, 1e-5)) for m in MULTIPLES]
  return jnp.stack(found).sum(axis=0)
