"""A planted shift of values: a spurious copy of the label among the inputs, which is offset in the target."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt import methods, models, outputs
from adapt.method import Batch

N, STEPS, RATE = 512, 300, 0.1


def domain(offset, seed):
  """Inputs [n, 4] and values [n, 1]: the third input is the value with noise, plus the offset."""
  rng = np.random.default_rng(seed)
  x = rng.normal(size=(N, 4)).astype(np.float32)
  y = x[:, :1] - x[:, 1:2]
  x[:, 2] = y[:, 0] / 2 + 0.3 * rng.normal(size=N) + offset
  return jnp.asarray(x), jnp.asarray(y / 1.4)


def trained(name, distance, offset=2.0, batch=32, **hyper):
  """Trains a method that serves values.

  Returns mean squared errors on source and target, and a distance of 32 features of both, over two seeds.
  """
  (xs, ys), (xt, yt) = domain(0.0, 0), domain(offset, 1)
  net = models.build("mlp", 1)._replace(output=outputs.bind("values")())
  method = methods.get(name)(net, **hyper)

  def of(s, t):
    rows = jnp.ones(batch), jnp.ones((batch, 1))
    return Batch(xs[s], ys[s], *rows, xt[t], it=t)

  @jax.vmap
  def run(key):
    params, state = method.init(key, of(jnp.arange(batch), jnp.arange(batch)))

    def step(carry, key):
      params, state = carry
      s, t = jax.random.randint(key, (2, batch), 0, N)
      slopes, (state, _) = jax.grad(method.loss, has_aux=True)(params, state, of(s, t), key, 0.5)
      return (jax.tree.map(lambda p, g: p - RATE * g, params, slopes), state), None

    (params, state), _ = jax.lax.scan(step, (params, state), jax.random.split(key, STEPS))
    (fs, ls), (ft, lt) = (method.predict(params, state, x) for x in (xs, xt))
    errors = [jnp.mean((outputs - labels) ** 2) for outputs, labels in ((ls, ys), (lt, yt))]
    return jnp.stack([*errors, distance(fs[:batch], ft[:batch])])

  return np.asarray(jax.jit(run)(jax.random.split(jax.random.key(0), 2)).mean(axis=0))
