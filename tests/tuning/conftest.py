"""A hand-made network: convolution, dense layer, batch statistics, dropout and head; and its steps."""

import math

import jax
import jax.numpy as jnp
import pytest

from adapt import methods
from adapt.method import Batch, Net
from adapt.training import shared_step as train
from adapt.training.settings import Settings


@pytest.fixture(scope="session")
def tiny():
  """A Net on [b, 4, 4, 1] whose start has no zero anywhere, so that nothing passes by accident."""

  def init(key, x):
    del x
    draws, used = (
      jax.random.normal(key, (210,)),
      0,
    )  # one draw: each further one costs a compilation

    def normal(*shape):
      nonlocal used
      used += math.prod(shape)
      return draws[used - math.prod(shape) : used].reshape(shape) / shape[0]

    params = {
      "conv": {"kernel": normal(2, 2, 1, 3), "bias": normal(3)},
      "block": {
        "dense": {"kernel": normal(27, 5), "bias": normal(5)},
        "norm": {"scale": 1.0 + 0.1 * normal(5), "bias": normal(5)},
      },
      "head": {"kernel": normal(5, 2), "bias": normal(2)},
    }
    return params, {"mean": jnp.zeros(5)}

  def apply(params, stats, x, train, key):
    dims = ("NHWC", "HWIO", "NHWC")
    x = jax.lax.conv_general_dilated(
      x, params["conv"]["kernel"], (1, 1), "VALID", dimension_numbers=dims
    )
    x = jnp.tanh(x + params["conv"]["bias"]).reshape(len(x), -1)  # [b, 27]
    dense, norm = params["block"]["dense"], params["block"]["norm"]
    x = jnp.tanh(x @ dense["kernel"] + dense["bias"])
    mean = x.mean(axis=0) if train else stats["mean"]
    new = {"mean": 0.9 * stats["mean"] + 0.1 * mean} if train else stats
    features = jnp.tanh((x - mean) * norm["scale"] + norm["bias"])  # [b, 5]
    if train and key is not None:
      features = features * jax.random.bernoulli(key, 0.8, features.shape)
    return (features, features @ params["head"]["kernel"] + params["head"]["bias"]), new

  return Net(jax.jit(init), jax.jit(apply, static_argnames="train"))


@pytest.fixture(scope="session")
def x():
  """Inputs [6, 4, 4, 1]."""
  return jax.random.normal(jax.random.key(7), (6, 4, 4, 1))


@pytest.fixture(scope="session")
def batch(x):
  """Six source examples, six target ones, and the same six with labels."""
  ys = jnp.array([0, 1, 1, 0, 1, 0])
  return Batch(x, ys, jnp.ones(6), jnp.ones((6, 1)), x + 0.5, x[::-1] + 0.5, 1 - ys, jnp.arange(6))


DECAYED = Settings(momentum=0.9, weight_decay=0.3, schedule="constant")


@pytest.fixture(scope="session")
def states():
  """(way, method's name, net, batch, steps, of a run of) -> the state before each step and after all."""

  def run(way, name, net, batch, steps, total, **hyper):
    def parts(progress):
      tuned = way.wrap(net, progress)
      method = methods.get(name)(tuned, **hyper)
      method = way.adjust(tuned, method) if way.adjust else method
      pull = way.pull and (lambda: way.pull(progress, DECAYED.weight_decay))
      return method, train.optimizer(DECAYED, 0.1, pull)

    @jax.jit
    def step(ts):
      return train.step(*parts(ts.step / total), total, ts, batch)

    before = jax.jit(lambda key: train.init(*parts(0.0), key, batch))(jax.random.key(0))
    passed = [(before, {})]
    for _ in range(steps):
      passed.append(step(passed[-1][0]))
    return passed

  return run
