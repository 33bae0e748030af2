"""Private training: gradients by example, clipped and noised (Abadi et al., 2016, arXiv:1607.00133).

The guarantee is for the trained model and all that is made of it without the private examples, as
source-free adaptation is. It is not for a record's curves, which are taken from the training loss.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from adapt.method import Batch, Method
from adapt.train import Gradient


class Privacy(NamedTuple):
  """What DP-SGD adds to a step.

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
    given = {k: float(v) for k, v in (part.split("=") for part in text.split(","))}
    privacy = Privacy(**given)
  except (TypeError, ValueError):
    raise ValueError(f"--dp '{text}' is not understood: write --dp noise=1.0,clip=1.0") from None
  if not (privacy.noise > 0 and privacy.clip > 0 and 0 < privacy.delta < 1):
    raise ValueError(f"--dp '{text}': noise and clip must be above 0, delta between 0 and 1")
  return privacy


_ABREAST = 8  # examples whose gradients exist at once: more need memory that costs time on a CPU


def protected(method: Method) -> tuple[str, ...]:
  """Whose examples a private run protects: of "source" and "labelled"; none where it cannot."""
  source = ("source",) * (method.starts == "source")  # by the private source model
  if method.by_example:
    own = "source" if "source" in method.reads else "labelled"
    return (*source, own)
  return source if set(method.reads) == {"target"} else ()


def gradient(privacy: Privacy) -> Gradient:
  """The mean of the examples' gradients, each clipped as a whole, with noise.

  A loss sees batches of one example, which is why only methods whose loss is a mean over examples
  can be private, on networks that do not mix examples.
  """

  def private(loss: Any, moving: Any, batch: Batch, key: jax.Array) -> Any:
    n = len(batch.xs)
    side = math.gcd(n, _ABREAST)
    rows = jax.tree.map(lambda x: x.reshape(n // side, side, 1, *x.shape[1:]), batch)
    k_noise, k_rows = jax.random.split(key)
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
  """ε of a run at privacy.delta, under adding or removing one example, by Rényi accounting.

  Returns:
    "epsilon" for batches as they are drawn: each pass takes an example at most once, so the run is
    one Gaussian mechanism per pass, and nothing is claimed for the order being random. And
    "epsilon_poisson", what is usually reported: as if each batch had taken every example with
    probability batch / examples, which no shuffled training does.

  Raises:
    ValueError: fewer examples than a batch, or the accountant is not installed.
  """
  try:
    import dp_accounting as dp
    from dp_accounting import rdp
  except ImportError:
    raise ValueError("--dp needs an accountant to report ε: pip install 'adapt-jax[dp]'") from None
  if batch > examples:
    raise ValueError(f"--dp with {examples} private examples: --batch-size {examples} or less")
  once = dp.GaussianDpEvent(privacy.noise)
  sampled = dp.PoissonSampledDpEvent(batch / examples, once)
  passes = math.ceil(steps / (examples // batch))

  def epsilon(event: Any, times: int) -> float:
    accountant = rdp.RdpAccountant()
    accountant.compose(event, times)
    return float(accountant.get_epsilon(privacy.delta))

  return {"epsilon": epsilon(once, passes), "epsilon_poisson": epsilon(sampled, steps)}
