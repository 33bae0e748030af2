"""Differentially private training: DP-SGD (Abadi et al., 2016, arXiv:1607.00133).

Gradients are taken by example, clipped and noised.

The guarantee is for one trained model (one seed, one swept value) and what is made of it without the
private examples, as source-free adaptation is. Nothing is promised of a record's curves, measures and
predictions, which are taken from the data themselves, nor of several models released together. The
noise is drawn with a secret that no record keeps, so a private run is never the same twice: a noise
that follows from the seed could be drawn again and subtracted.
"""

import contextlib
import logging
import math
import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from adapt import extras
from adapt.method import Batch, Method
from adapt.training import bounds
from adapt.training.shared_step import Gradient


class Privacy(NamedTuple):
  """Parameters of DP-SGD.

  Attributes:
    noise: standard deviation of the noise on the sum of gradients, in units of `clip`.
    clip: largest Euclidean length of one example's gradient.
    delta: at which ε is reported; below one over the number of examples.
  """

  noise: float
  clip: float
  delta: float = 1e-5


def parsed(text: str) -> Privacy | None:
  """Reads "noise=1.0,clip=1.0[,delta=1e-5]"; "" means none."""
  if not text:
    return None
  try:
    given = {k: bounds.number(v) for k, v in (part.split("=") for part in text.split(","))}
    privacy = Privacy(**given)
  except (TypeError, ValueError):
    raise ValueError(f"--dp '{text}' is not understood: write --dp noise=1.0,clip=1.0") from None
  if any(bounds.error(value, bounds.DP[name]) for name, value in privacy._asdict().items()):
    raise ValueError(
      f"--dp '{text}': noise must be above 0 (from 1e-9 to 1e4), clip above 0 (from 1e-30 to 1e30) "
      "and delta between 0 and 1"
    )
  return privacy


_ABREAST = 8  # examples whose gradients exist at once: more need memory that costs time on a CPU


def protected(method: Method, start: str) -> tuple[str, ...]:
  """Says whose examples a private run protects.

  Entries are "source" and "labelled"; there are none where it cannot protect.

  Args:
    method: its traits.
    start: where it starts, "source" or "scratch".
  """
  source = ("source",) * (start == "source")  # by the private source model
  if method.by_example:
    own = "source" if "source" in method.reads else "labelled"
    return (*source, own)
  return source if set(method.reads) == {"target"} else ()


def unguessable(n: int) -> jax.Array:
  """Random keys [n] from the system's source of secrets."""
  words = [[secrets.randbits(32), secrets.randbits(32)] for _ in range(n)]
  return jax.random.wrap_key_data(jnp.asarray(words, jnp.uint32))


def gradient(privacy: Privacy, secret: jax.Array) -> Gradient:
  """Builds the DP-SGD gradient: the noised mean of clipped example gradients.

  Each example's gradient is clipped as a whole.

  A loss sees batches of one example, which is why only methods whose loss is a mean over examples
  can be private, on networks that do not mix examples.

  Args:
    privacy: clip and noise.
    secret: a key that decides the noise, together with that of the step.
  """

  def private(loss: Any, moving: Any, batch: Batch, key: jax.Array) -> Any:
    n = len(batch.xs)
    side = math.gcd(n, _ABREAST)
    rows = jax.tree.map(lambda x: x.reshape(n // side, side, 1, *x.shape[1:]), batch)
    k_step, k_rows = jax.random.split(key)
    k_noise = secret
    for word in jax.random.bits(k_step, (2,)):
      k_noise = jax.random.fold_in(k_noise, word)
    one = jax.vmap(jax.value_and_grad(loss, has_aux=True), in_axes=(None, 0, 0))

    def add(total: Any, some: Any) -> Any:
      (losses, aux), grads = one(moving, *some)
      leaves, tree = jax.tree.flatten(grads)
      clipped, _ = optax.per_example_global_norm_clip(leaves, privacy.clip)
      return jax.tree.map(jnp.add, total, jax.tree.unflatten(tree, clipped)), (losses, aux)

    keys = jax.random.split(k_rows, (n // side, side))
    start = jax.tree.map(jnp.zeros_like, moving)
    total, (losses, (states, metrics)) = jax.lax.scan(add, start, (rows, keys))
    noise = optax.tree.random_like(k_noise, total, jax.random.normal)
    grads = jax.tree.map(lambda g, z: (g + privacy.noise * privacy.clip * z) / n, total, noise)
    state = jax.tree.map(lambda x: x[0, 0], states)  # of no example in particular: nothing moves it
    return (losses.mean(), (state, jax.tree.map(jnp.mean, metrics))), grads

  return private


def spent(privacy: Privacy, examples: int, batch: int, steps: int) -> dict[str, float]:
  """Computes a model's ε at privacy.delta by Rényi accounting.

  Returns:
    "epsilon" for batches as they are drawn, where neighbours differ in one example's having no
    gradient (zero-out: the number of examples is public; against another example in its place, the
    noise counts half). Each pass takes an example at most once, so training is one Gaussian mechanism
    per pass, and nothing is claimed for the order being random. And "epsilon_poisson", what is
    usually reported, for adding or removing an example: as if each batch had taken every example
    with probability batch / examples, which no shuffled training does.

  Raises:
    ValueError: fewer examples than a batch, a delta too large for so many, or no accountant.
  """
  try:
    import dp_accounting as dp
    from dp_accounting import rdp
  except ImportError:
    raise ValueError(f"--dp needs an accountant to report ε: {extras.install('dp')}") from None
  if batch > examples:
    raise ValueError(f"--dp with {examples} private examples: --batch-size {examples} or less")
  if privacy.delta >= 1 / examples:
    raise ValueError(
      f"--dp with delta={privacy.delta:g} may give away whole examples of {examples}: choose "
      f"delta below {1 / examples:.1g}"
    )
  once = dp.GaussianDpEvent(privacy.noise)
  sampled = dp.PoissonSampledDpEvent(batch / examples, once)
  passes = math.ceil(steps / (examples // batch))

  def epsilon(event: Any, times: int) -> float:
    accountant = rdp.RdpAccountant()
    accountant.compose(event, times)
    return float(accountant.get_epsilon(privacy.delta))

  with _silent_accountant():
    return {"epsilon": epsilon(once, passes), "epsilon_poisson": epsilon(sampled, steps)}


@contextlib.contextmanager
def _silent_accountant() -> Iterator[None]:
  """Keeps the accountant's warnings of orders that it leaves out from the terminal."""

  def said(record: logging.LogRecord) -> bool:
    # ε is the least of the bounds of all orders, so it stays a bound without some of them.
    return "failed to converge" not in record.getMessage()

  logger = logging.getLogger("absl")
  logger.addFilter(said)
  try:
    yield
  finally:
    logger.removeFilter(said)
