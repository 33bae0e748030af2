"""A shortcut that holds in both sources and fails in the target, as in Colored MNIST (1907.02893)."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from adapt import methods, models
from adapt.method import Batch
from adapt.training import shared_step
from adapt.training.settings import Settings

SETTINGS = Settings(optimizer="adam", weight_decay=0.0, schedule="constant")
STEPS, EACH = 300, 400  # examples of each source


def domain(agreement: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Points [n, 2]: a cause that says the label in 3 of 4 cases, a shortcut that does by `agreement`."""
  rng = np.random.default_rng(seed)
  cause = rng.integers(0, 2, n)
  y = np.where(rng.uniform(size=n) < 0.75, cause, 1 - cause)
  shortcut = np.where(rng.uniform(size=n) < agreement, y, 1 - y)
  x = 2 * np.stack([cause, shortcut], axis=1) - 1 + rng.normal(0, 0.3, (n, 2))
  return x.astype(np.float32), y.astype(np.int32)


@functools.cache
def accuracy(name: str, **hyper: float) -> float:
  """Of a method trained on whole sets of agreement 0.9 and 0.8, where agreement is 0.1."""
  return reached(name, [domain(0.9, EACH, 0), domain(0.8, EACH, 1)], domain(0.1, 2000, 2), **hyper)


def reached(name: str, sources: list, target: tuple, **hyper: float) -> float:
  """Accuracy on a target of (x [n, d], y [n]), trained on whole sources of equal sizes.

  Floats are arguments of the program, so that a method and its null control are compiled once.
  """
  each = len(sources[0][1])
  x, y = (jnp.concatenate(v) for v in zip(*sources, strict=True))
  ds = jnp.repeat(jnp.eye(len(sources)), each, axis=0)
  batch = Batch(x, y, jnp.ones(len(y)), ds, x)
  floats = {k: v for k, v in hyper.items() if isinstance(v, float)}
  made = lambda floats: methods.get(name)(models.build("mlp", 2), **{**hyper, **floats})

  @jax.jit
  def trained(key, floats):
    method, opt = made(floats), shared_step.optimizer(SETTINGS, 0.02)
    ts = shared_step.init(method, opt, key, batch)
    one = lambda ts, _: (shared_step.step(method, opt, STEPS, ts, batch)[0], None)
    return jax.lax.scan(one, ts, None, STEPS)[0]

  ts = trained(jax.random.key(0), floats)
  x, y = target
  _, logits = made(floats).predict(ts.params, ts.state, jnp.asarray(x))
  return float((logits.argmax(1) == y).mean())
